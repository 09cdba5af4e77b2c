"""What was learnt of files that do not change any more, kept outside the log: an optimisation, and never needed.

One file a log in the user's cache directory, for the user alone; each line of it holds what was found in one part of one
file, with a checksum. What is missing, damaged, or of a file that has changed since is found out again.
"""

from __future__ import annotations

import os
import time
from binascii import crc32
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._format.project import OFF
from steplog._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

SWITCH: Final = "STEPLOG_CACHE"
_VERSION: Final = f"{__version__}-3".encode()  # of what the lines hold: a change of it forgets everything
_CHECK_BYTES: Final = 8
_MOST_BYTES: Final = 64 << 20  # of a log
_MOST_BYTES_IN_ALL: Final = 256 << 20
_CALM_SECONDS: Final = 2  # a file changed within them may change again without its time being another
_FLAGS: Final = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)  # else Windows writes \r\n
)


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where caches are; None where `$STEPLOG_CACHE` is off or there is no home."""
    if environ.get(SWITCH, "on").strip().lower() in OFF:
        return None
    home = environ.get("XDG_CACHE_HOME", "")
    if not home.startswith("/"):  # the standard has relative ones ignored
        home = os.path.expanduser("~/.cache")  # noqa: PTH111 -- pathlib raises where there is no home
    return Path(home) / "steplog" if home.startswith("/") else None


def key_of(file: Path, found: os.stat_result, head: bytes) -> bytes | None:
    """What a file is known by: device, inode, size, time of the last change, and how it begins; None if it may change."""
    if time.time() - found.st_mtime < _CALM_SECONDS:
        return None
    begins = crc32(os.fsencode(file.name), crc32(head))
    return f"{found.st_dev}-{found.st_ino}-{found.st_size}-{found.st_mtime_ns}-{begins:08x}".encode()


class Cache:
    """What is known of one log's files."""

    def __init__(self, log: Path, environ: Mapping[str, str] = os.environ) -> None:
        """The cache of the log at this path; nothing is read before it is asked."""
        folder = cache_folder(environ)
        # Two logs may share a file: what is known of one is known by its files, and not by its name.
        name = f"{crc32(os.fsencode(log.absolute())):08x}.jsonl"
        self._file = None if folder is None else folder / name
        self._lines: dict[bytes, tuple[int, int]] | None = None
        self._data = b""
        self._used: list[bytes] = []
        self._new: list[bytes] = []

    def get(self, key: bytes) -> Any:
        """What is known under this key; None if nothing is."""
        if self._file is None:
            return None
        if self._lines is None:
            self._lines = self._read(self._file)
        place = self._lines.get(key)
        if place is None:
            return None
        line = self._data[slice(*place)]
        body = line[_CHECK_BYTES + 1 :]
        if _check(body) != line[:_CHECK_BYTES]:
            return None
        try:
            found = orjson.loads(body.split(b" ", 2)[2])
        except (orjson.JSONDecodeError, IndexError):
            return None
        self._used.append(key)
        return found

    def put(self, key: bytes, value: Any) -> None:
        """Keep this under the key; it is written by `save`."""
        if self._file is not None:
            body = b" ".join((_VERSION, key, orjson.dumps(value)))
            self._new.append(_check(body) + b" " + body + b"\n")

    def save(self) -> None:
        """Write what is new; where that cannot be done, it will be found out again."""
        new, self._new = self._new, []
        if self._file is None or not new:
            return
        try:
            self._append(self._file, b"".join(new))
        except OSError:
            return

    def _read(self, file: Path) -> dict[bytes, tuple[int, int]]:
        try:
            self._data = file.read_bytes()
        except OSError:
            return {}
        lines: dict[bytes, tuple[int, int]] = {}
        at, key_at = 0, _CHECK_BYTES + 1 + len(_VERSION) + 1
        while (end := self._data.find(b"\n", at)) >= 0:
            key_end = self._data.find(b" ", at + key_at, end)
            if key_end > 0 and self._data.startswith(_VERSION + b" ", at + _CHECK_BYTES + 1):
                lines[self._data[at + key_at : key_end]] = (at, end)
            at = end + 1
        return lines

    def _append(self, file: Path, data: bytes) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(file, _FLAGS, 0o600)
        try:
            if hasattr(os, "fchmod"):
                os.fchmod(fd, 0o600)
            is_room = os.fstat(fd).st_size + len(data) <= _MOST_BYTES
            if is_room:
                os.write(fd, data)
        finally:
            os.close(fd)
        if not is_room:
            self._replace(file, data)
        _make_room(file.parent)

    def _replace(self, file: Path, data: bytes) -> None:
        """Begins anew with what was of use just now: the rest is of files that changed or are gone."""
        lines = self._lines or {}
        used = b"".join(self._data[slice(*lines[key])] + b"\n" for key in self._used)
        kept = (used + data)[:_MOST_BYTES]
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        fd = os.open(fresh, _FLAGS | os.O_EXCL, 0o600)
        try:
            os.write(fd, kept)
        finally:
            os.close(fd)
        fresh.replace(file)


def _check(body: bytes) -> bytes:
    return b"%08x" % crc32(body)


def _make_room(folder: Path) -> None:
    """Deletes the caches that were not added to for longest, if all are too large together."""
    caches = [(entry.stat(), entry.path) for entry in os.scandir(folder) if entry.name.endswith(".jsonl")]
    total = sum(found.st_size for found, _ in caches)
    for found, path in sorted(caches, key=lambda cache: cache[0].st_mtime):
        if total <= _MOST_BYTES_IN_ALL:
            return
        os.unlink(path)  # noqa: PTH108 -- scandir gives strings
        total -= found.st_size
