"""Closed segments to a store: each whole, read back and compared, and only then named in `.shipped`.

Killed at any moment and begun again nothing is missing and nothing doubled: where a segment lies depends on the segment alone, and
what stands there without being named is compared, not sent again.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Final, Self

from steplog._format.line import decode
from steplog._format.segment_lock import claimed
from steplog._format.shipped import key_of, notes_key
from steplog._format.store import Store, StoreError, digest_of
from steplog._format.zstd import open_segment, unreadable
from steplog._notes.place import NOTES
from steplog._read.errors import LogError
from steplog._read.files.segments import local_path
from steplog._write.keep.judge import Judge
from steplog._write.keep.packing import frames_of
from steplog._write.keep.segments import SHIPPED, age, segments_in, shipped_from

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from steplog._format.record import Record
    from steplog._write.keep.segments import Segment

_LOCK: Final = ".shipping"
_MOST_OF_A_LINE: Final = 1 << 16
_BLOCK: Final = 1 << 20
_PARTIAL: Final = ".ship-"
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


class ShipError(LogError):
    """A log cannot be shipped; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a segment: its file's name, its key in the store, its size there in bytes.

    `why` it stays for now; empty if it was delivered. `was_there`: an earlier attempt had brought it there.
    """

    segment: str
    key: str
    size: int
    why: str = ""
    was_there: bool = False


def ship(path: str | os.PathLike[str] | None, destination: str) -> Iterator[Outcome]:
    """Bring the closed segments of the log directory at `path` that are not there yet to a store; gives each as it is done.

    `destination` is a URL that fsspec knows (`s3://bucket/logs`, `gs://`, `az://`, `file:///srv/logs`), or a local folder.
    A segment that may still be written to stays. Notes beside the log are brought as they are then. From the first call on `prune` and retention take only what was shipped.

    Raises: ShipError if `path` is no directory, is shipped elsewhere, or is being shipped; StoreError if the store
    refuses; ImportError without zstd.
    """
    folder = local_path(path)
    if not folder.is_dir():
        raise ShipError(f"{folder} is no directory: only segments are shipped")
    if "://" not in destination:
        destination = f"file://{Path(destination).absolute()}"
    store = Store(destination)
    with _alone(folder), _Ledger(folder, store.url) as ledger:
        segments = sorted(segments_in(folder), key=age)
        judge = Judge(folder, segments)
        # Packing deletes the plain file last: while both stand, the plain one is the truth.
        plain = {segment.name for segment in segments if not segment.is_packed}
        for segment in segments:
            is_copy = segment.is_packed and segment.plain_name in plain
            if segment.plain_name not in ledger.names and not is_copy:
                found = _deliver(segment, judge, store)
                if found is not None and not found.why:
                    ledger.add(segment.plain_name)
                if found is not None:
                    yield found
        _bring_notes(folder, store)


def _bring_notes(folder: Path, store: Store) -> None:
    """The notes beside the log as they are now, in the place of those that were brought before. Raises: StoreError."""
    try:
        data = (folder / NOTES).read_bytes()
    except FileNotFoundError:
        return
    key = notes_key(gethostname(), str(folder.absolute()))
    if store.holds(key, len(data), digest_of([data])):
        return
    with tempfile.TemporaryDirectory(prefix="steplog-ship-") as made:  # for the user alone
        copy = Path(made, NOTES)
        copy.write_bytes(data)
        store.put(copy, key)


def _deliver(segment: Segment, judge: Judge, store: Store) -> Outcome | None:
    """None if the segment is gone: it was packed or pruned meanwhile, and the next look finds what it became."""
    try:
        with judge.closed(segment) as why:
            if why:
                return Outcome(segment.name, "", segment.size, why)
            key = key_of(segment.name, _first_record(segment))
            with _packed(segment) as packed:
                return _bring(segment, key, packed, store)
    except FileNotFoundError:
        return None


def _bring(segment: Segment, key: str, packed: Path, store: Store) -> Outcome:
    size = packed.stat().st_size
    with packed.open("rb") as file:
        digest = digest_of(iter(lambda: file.read(_BLOCK), b""))
    if store.holds(key, size, digest):
        return Outcome(segment.name, key, size, was_there=True)
    store.put(packed, key)
    if not store.holds(key, size, digest):
        raise StoreError(f"{store.url}/{key} is not what was sent: it is sent again next time")
    return Outcome(segment.name, key, size)


@contextmanager
def _packed(segment: Segment) -> Generator[Path]:
    """The segment as a compressed file: its own, or one beside that is gone afterwards."""
    if segment.is_packed:
        yield Path(segment.path)
        return
    plain = Path(segment.path)
    packed = plain.with_name(f"{_PARTIAL}{segment.name}.part")
    try:
        with plain.open("rb") as lines, os.fdopen(os.open(packed, _FLAGS, 0o600), "wb") as file:
            file.writelines(frames_of(lines))
        yield packed
    finally:
        packed.unlink(missing_ok=True)


def _first_record(segment: Segment) -> Record:
    try:
        with open_segment(Path(segment.path)) as file:
            record = decode(file.readline(_MOST_OF_A_LINE))
    except FileNotFoundError:
        raise
    except unreadable():
        return {}
    return record


class _Ledger:
    """The file `.shipped`: where to, as a comment, and a line for each segment that is there."""

    def __init__(self, folder: Path, url: str) -> None:
        self._path = folder / SHIPPED
        self._url = url
        self.names: set[str] = set()

    def __enter__(self) -> Self:
        """Opens it; from now on only what it names is pruned. Raises: ShipError if the log is shipped elsewhere."""
        text = self._path.read_text("utf-8") if self._path.exists() else ""
        marks = [line[2:] for line in text.splitlines() if line.startswith("# ")]
        if marks and self._url not in marks:
            raise ShipError(
                f"{self._path.parent} is shipped to {marks[-1]}; to ship it to {self._url} from now on, delete {self._path}"
            )
        self._file = os.open(
            self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600
        )
        # A kill may have cut the last line off: it names nothing, and the next begins anew.
        begin = "" if not text or text.endswith("\n") else "\n"
        self._write(begin + ("" if marks else f"# {self._url}\n"))
        self.names = set(shipped_from(self._path.parent) or ())
        return self

    def add(self, name: str) -> None:
        """This segment is in the store, whole."""
        self._write(f"{name}\n")
        self.names.add(name)

    def _write(self, text: str) -> None:
        if text:
            os.write(self._file, text.encode())
            os.fsync(self._file)

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        os.close(self._file)


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Raises ShipError if another process ships this folder."""
    lock = folder / _LOCK
    lock.touch(0o600)
    with claimed(lock) as claim:
        if claim == "held":
            raise ShipError(f"another steplog ships {folder}")
        for left in folder.glob(f"{_PARTIAL}*"):  # by one that was killed: nobody else ships here now
            left.unlink(missing_ok=True)
        yield
