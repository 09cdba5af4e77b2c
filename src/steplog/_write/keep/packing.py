"""A closed segment to `.jsonl.zst`: whole, checked, on the disk, and only then the plain file goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from steplog._format.zstd import zstd_module
from steplog._write.disk.private_files import new_writer_id, posix
from steplog._write.guard import complain
from steplog._write.keep.closed_segments import Segment, delete, expendable, segments_of, shipped_from
from steplog._write.settings.settings import Settings

_AT_ONCE: Final = 1 << 20
_AN_HOUR: Final = 3600
_PARTIAL: Final = ".part"
_busy: dict[tuple[int, str], object] = {}
_asked: set[tuple[int, str]] = set()
_FLAGS: Final = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)


def pack(segment: Segment) -> Path | None:
    """Compress a closed plain segment; None where it stays as it is. Raises `OSError`, `ImportError`.

    Two processes may do this at once, and either may be killed anywhere: each writes a file of its own, and renames it.
    """
    if segment.stays or segment.is_packed:
        return None
    target = segment.path.with_name(segment.path.name + ".zst")
    partial = segment.path.with_name(f".{segment.path.name}.{new_writer_id()}{_PARTIAL}")
    try:
        before = _compress(segment.path, partial)
        with zstd_module().open(partial, "rb") as file:
            is_same = _digest(file) == before
        # A line that came meanwhile (a late finalizer of its writer) is not in it.
        if not is_same or segment.path.stat().st_size != segment.size:
            return None
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    segment.path.unlink(missing_ok=True)
    return target


def housekeeping(settings: Settings) -> None:
    """What `keep_days`, `keep_bytes` and `compress` ask for, in the directory of the log; one thread at a time."""
    me, key = object(), (os.getpid(), settings.path)
    _asked.add(key)
    while key in _asked and _busy.setdefault(key, me) is me:
        try:
            _asked.discard(key)
            _keep_house(settings, Path(settings.path))
        finally:
            # Who was asked meanwhile has left it to us: looked at once more, only now.
            _busy.pop(key, None)


def _keep_house(settings: Settings, directory: Path) -> None:
    if settings.keep_days or settings.keep_bytes:
        now = posix.stat(directory).st_mtime  # the file system's clock, which wrote the other times as well
        shipped = shipped_from(directory)
        limits: dict[str, Any] = {"keep_days": settings.keep_days, "keep_bytes": settings.keep_bytes}
        delete(expendable(segments_of(directory), now=now, shipped=shipped, **limits))
    if settings.compress:
        try:
            zstd_module()
        except ImportError as error:
            complain("compress", f"compress: {error}")
            return
        for _ in packed(directory):
            pass


def packed(directory: Path) -> Iterator[tuple[Segment, Path]]:
    """Compress what is closed and plain; gives each with its new path."""
    now = posix.stat(directory).st_mtime
    for left in directory.glob(f".*{_PARTIAL}"):
        if now - left.stat().st_mtime > _AN_HOUR:  # of a process that was killed
            left.unlink(missing_ok=True)
    for segment in segments_of(directory):
        try:
            target = pack(segment)
        except FileNotFoundError:
            continue  # another process was faster
        if target is not None:
            yield segment, target


def _compress(source: Path, target: Path) -> bytes:
    """The digest of what was compressed."""
    digest = blake2b()
    zstd = zstd_module()
    fd = os.open(target, _FLAGS, 0o600)
    with os.fdopen(fd, "wb") as raw, source.open("rb") as plain:
        with zstd.open(raw, "wb") as out:
            while data := plain.read(_AT_ONCE):
                digest.update(data)
                out.write(data)
        raw.flush()
        os.fsync(raw.fileno())
    found = source.stat()
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))  # its age is that of its lines
    return digest.digest()


def _digest(file: Any) -> bytes:
    digest = blake2b()
    while data := file.read(_AT_ONCE):
        digest.update(data)
    return digest.digest()
