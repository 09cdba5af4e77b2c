"""The files of a log as they stood at one moment, and the parts in which they are read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steplog._format.segment_name import PACKED, parse
from steplog._format.zstd_frames import frames
from steplog._read.files.cache import key_of
from steplog._read.files.digest import Digest, digest
from steplog._read.files.digest_json import from_json, to_json
from steplog._read.files.lines import BadLine
from steplog._read.files.pieces import NO_END
from steplog._read.files.standing import stat_standing

if TYPE_CHECKING:
    from pathlib import Path

    from steplog._read.files.cache import Cache
    from steplog._read.files.sequence import Sequence

PART_BYTES: Final = 2 << 20
_WORTH_KEEPING: Final = 128 << 10  # bytes; what is smaller is read as fast as it is looked up
_HEAD_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of a log: `series` is what all segments of a writer have in common, `part` its place in their rotation.

    `writer` is empty for a file that is no segment. `form` is how it stood, packed or not; `size` in bytes, `mtime` in
    seconds since 1970.
    """

    path: Path
    series: str
    part: int
    writer: str
    form: Path
    size: int
    mtime: float

    @property
    def is_packed(self) -> bool:
        """Whether it was compressed."""
        return self.form.name.endswith(PACKED)


def log_file(path: Path) -> LogFile | None:
    """The file as it stands now; None if it is gone."""
    name = parse(path.name)
    series, part, writer = (name.stem, name.part, name.w) if name is not None else (str(path), 1, "")
    try:
        form, found = stat_standing(path)
    except FileNotFoundError:
        return None
    except OSError:
        return LogFile(
            path, series, part, writer, path, NO_END, 0.0
        )  # reading it will say what the matter is
    return LogFile(path, series, part, writer, form, found.st_size, found.st_mtime)


class Parts:
    """Finds out, or knows, what stands in each part of a file. Lines belong to the part in which they begin."""

    def __init__(self, cache: Cache | None) -> None:
        """With a cache, what is found in files that do not change any more is kept there."""
        self._cache = cache
        self._keys: dict[Path, bytes | None] = {}
        self._places: dict[Path, list[int]] = {}

    def of(self, file: LogFile) -> list[int]:
        """Where the parts of a file begin, in bytes of its plain text."""
        found = self._places.get(file.path)
        if found is None:
            found = self._places[file.path] = list(range(0, _divisible(file), PART_BYTES)) or [0]
        return found

    def digest(self, file: LogFile, at: int) -> Digest | None:
        """What stands in a file's part number `at`, from 0; None if the file is gone."""
        places = self.of(file)
        key = self._key(file, places[at])
        known = from_json(self._cache.get(key), file.path) if key and self._cache else None
        if known is not None:
            return known
        stop = places[at + 1] if at + 1 < len(places) else NO_END if file.is_packed else file.size
        found = found_in(file, places[at], stop)
        if found is not None and key and self._cache:
            self._cache.put(key, to_json(found))
        return found

    def save(self) -> None:
        """Keeps what was found out."""
        if self._cache is not None:
            self._cache.save()

    def _key(self, file: LogFile, start: int) -> bytes | None:
        if self._cache is None:
            return None
        if file.path not in self._keys:
            self._keys[file.path] = _key(file)
        key = self._keys[file.path]
        return None if key is None else b"%b-%d" % (key, start)


def _divisible(file: LogFile) -> int:
    """The size of a file's plain text; 0 where it must be read from the beginning on."""
    if file.is_packed:
        try:
            found = frames(file.form)
        except OSError:
            return 0
        # What version 0.1 packed is one frame: to read from its middle is to unpack all before.
        return found[-1].start if len(found) > 1 else 0
    # Who wrote a line that does not say so, in a file whose name does not, only the lines before it say.
    return file.size if file.writer or _names_writers(file.form) else 0


def _names_writers(file: Path) -> bool:
    """Whether each line of a file says who wrote it, as in those that several processes share."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).lstrip()
    except OSError:
        return False
    return b'","w":"' in head[: max(0, head.find(b'"ev":'))]


def _key(file: LogFile) -> bytes | None:
    """What a file's content is known by; None where it may still change, or is not what it was."""
    try:
        with file.form.open("rb") as stream:
            found = os.fstat(stream.fileno())
            is_same = found.st_size == file.size and found.st_size >= _WORTH_KEEPING
            return key_of(file.path, found, stream.read(_HEAD_BYTES)) if is_same else None
    except OSError:
        return None


def found_in(
    file: LogFile,
    start: int = 0,
    stop: int = NO_END,
    *,
    every: bool = False,
    seen: dict[str, Sequence] | None = None,
    are_copies: bool = False,
) -> Digest | None:
    """As `digest`; None if the file is gone. One that may not be read is a `BadLine`."""
    try:
        return digest(file.path, start=start, stop=stop, every=every, seen=seen, are_copies=are_copies)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Digest(bad=[BadLine(file.path, 0, 0, f"cannot be read: {error.strerror}")])
