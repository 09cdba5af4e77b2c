"""A closed segment to `.jsonl.zst`: whole, compared, on the disk, and only then the plain file goes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from steplog._format.zstd import zstd_module
from steplog._write.disk.private_files import new_writer_id, posix
from steplog._write.keep.judge import Judge
from steplog._write.keep.segments import Segment, segment_at

FRAME_BYTES: Final = 1 << 20  # what a reader unpacks in vain, at most, to get to a line
_LONGEST_LINE: Final = 1 << 26
_AN_HOUR: Final = 3600
_PARTIAL: Final = ".part"
_FLAGS: Final = (
    os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)


def pack(segments: Iterable[Segment], judge: Judge) -> Iterator[tuple[Segment, Segment | OSError]]:
    """Compress what is plain and closed; gives each with what it became, or with what went wrong.

    Several processes may do this at once, and each may be killed anywhere: there is always the plain file or a whole
    compressed one, or both.

    Raises: ImportError where there is no zstd.
    """
    for segment in segments:
        if segment.is_packed:
            continue
        try:
            with judge.closed(segment) as why:
                is_packed = not why and _pack(segment)
        except FileNotFoundError:
            continue  # another process was faster
        except OSError as error:
            yield segment, error
            continue
        found = segment_at(os.path.dirname(segment.path), segment.name) if is_packed else None  # noqa: PTH120 - pathlib is slow
        if found is not None:
            yield segment, found


def sweep(directory: str | Path, now: float) -> None:
    """Delete what a killed `pack` left half done, an hour after; raises `OSError`."""
    for left in Path(directory).glob(f".*{_PARTIAL}"):
        try:
            if now - left.stat().st_mtime > _AN_HOUR:
                left.unlink()
        except FileNotFoundError:
            continue


def _pack(segment: Segment) -> bool:
    """Whether it is compressed now."""
    path = Path(segment.path)
    partial = path.with_name(f".{path.name}.{new_writer_id()}{_PARTIAL}")
    try:
        with path.open("rb") as plain, os.fdopen(os.open(partial, _FLAGS, 0o600), "w+b") as packed:
            for frame in frames_of(plain):
                packed.write(frame)
            packed.flush()
            _like(plain, packed)
            os.fsync(packed.fileno())
            if not _are_equal(plain, packed):
                return False
            size = plain.tell()
        partial.replace(path.with_name(path.name + ".zst"))
    finally:
        partial.unlink(missing_ok=True)
    _sync_directory(path.parent)  # the new name is on the disk before the old one is taken off
    if posix.stat(path).st_size != size:
        return False  # a line came meanwhile: both stand, and the plain one is the truth
    path.unlink()
    return True


def frames_of(plain: BinaryIO) -> Iterator[bytes]:
    """Frames that can be unpacked each by itself; each says how long it is, ends with a line, and bears a checksum."""
    zstd = zstd_module()
    options = {zstd.CompressionParameter.checksum_flag: 1}
    while lines := plain.read(FRAME_BYTES):
        yield zstd.compress(lines + plain.readline(_LONGEST_LINE), options=options)


def _like(plain: BinaryIO, packed: BinaryIO) -> None:
    """Give it the age of its lines, and to whom the plain file belongs, who may be another than who compresses it."""
    found = posix.fstat(plain.fileno())
    if hasattr(posix, "fchown") and posix.fstat(packed.fileno()).st_uid != found.st_uid:
        posix.fchown(packed.fileno(), found.st_uid, found.st_gid)
    if hasattr(posix, "fchmod"):
        posix.fchmod(packed.fileno(), found.st_mode & 0o777)
    os.utime(packed.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))


def _are_equal(plain: BinaryIO, packed: BinaryIO) -> bool:
    """Whether what was written holds what the plain file does, which may have got a line meanwhile."""
    plain.seek(0)
    packed.seek(0)
    try:
        with zstd_module().open(packed, "rb") as unpacked:
            while lines := plain.read(FRAME_BYTES):
                if unpacked.read(len(lines)) != lines:
                    return False
            return not unpacked.read(1)
    except (EOFError, zstd_module().ZstdError):
        return False


def _sync_directory(directory: Path) -> None:
    try:
        fd = posix.open(directory, os.O_RDONLY)
    except OSError:
        return  # not everywhere can a directory be opened, or synced
    try:
        posix.fsync(fd)
    except OSError:
        pass
    finally:
        posix.close(fd)
