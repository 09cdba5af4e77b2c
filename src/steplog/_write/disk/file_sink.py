"""The file a writer appends to: which one, whether it is still ours, and when the next one is due."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from typing import Final

from steplog._format.segment_lock import hold
from steplog._format.segment_name import segment_name, segment_stem
from steplog._write.disk.private_files import open_segment, open_shared, posix, stands, take_back
from steplog._write.disk.reserve import Reserve
from steplog._write.disk.sinks import UNLIMITED
from steplog._write.settings.settings import Settings

_MOST_RESCUED: Final = 64 * 1024 * 1024


def _not_open(_: bytes, /) -> int | None:
    raise OSError(errno.EBADF, "not open")


class FileSink:
    """A segment of the process's own in a directory, and the next when it is full; or one shared `.jsonl` file."""

    def __init__(self, path: str, *, shared: bool, rotate_bytes: int = 0) -> None:
        """Nothing is made or opened before the first line; `rotate_bytes` 0 means one segment for ever."""
        self.path = path
        self.shared = shared
        self.file: str | None = None
        self.prev: str | None = None  # the name of the segment before this one
        self.limit = UNLIMITED  # when the next file is due, in bytes
        self.largest = UNLIMITED  # what no file may be
        self.is_locked = False  # whether others can see by its lock that this segment is written to
        # FileIO's own method and not os.write: the one blocking call that event-loop guards (blockbuster) let
        # through, and a C function, which no exception cuts in two.
        self.write: Callable[[bytes], int | None] = _not_open
        self._rotate_bytes = rotate_bytes or UNLIMITED
        self._fd = -1
        self._io: io.FileIO | None = None
        self._identity = (0, 0)
        self._seen = 0
        self._reserve = Reserve()
        self._w = self._stem = ""
        self._part = 0

    def open(self, stamp: str, pid: int, w: str) -> None:
        """Make the directory and the file; raises `OSError`."""
        self._drop_empty()
        fd, file = (open_shared(self.path), self.path) if self.shared else self._next_segment(stamp, pid, w)
        try:
            found = posix.fstat(fd)
            # The descriptor is closed by `close` alone: the object's own closing would hit whatever has the number then.
            taking = io.FileIO(fd, "ab", closefd=False)
        except OSError:
            take_back(fd, "" if self.shared else file)
            raise
        self._close_file()
        # Before the first line, so that whoever reads that line can rely on it; a segment has one writer.
        self.is_locked = not self.shared and hold(fd)
        self._identity, self._seen = (found.st_dev, found.st_ino), found.st_size
        self.largest = UNLIMITED if self.shared else _largest_file()
        self.limit = UNLIMITED if self.shared else min(self._rotate_bytes, self.largest)
        self._fd, self.file, self._io = fd, file, taking
        self.write = taking.write
        self._reserve.hold(os.path.dirname(file))  # noqa: PTH120 - pathlib costs 10 us

    def anew(self) -> FileSink:
        """The same place for another writer, with nothing open."""
        return FileSink(self.path, shared=self.shared, rotate_bytes=self._rotate_bytes)

    def make_room(self) -> bool:
        """Whether there is room again for some last lines: what was held back on the disk is given back."""
        return self._reserve.give_back()

    def _drop_empty(self) -> None:
        """Delete the segment that is about to be left, if nothing went into it: a disk in trouble is not littered."""
        if self.shared or self.file is None:
            return
        try:
            found = posix.stat(self.file)
            if (found.st_dev, found.st_ino) == self._identity and not found.st_size:
                posix.unlink(self.file)
                self.file = None
        except OSError:
            pass

    def _next_segment(self, stamp: str, pid: int, w: str) -> tuple[int, str]:
        if w != self._w:
            stem = segment_stem(stamp, pid, w)
            # `_w` last: an exception may come between any two.
            self._part, self._stem, self.prev, self.file, self._w = 0, stem, None, None, w
        part = self._part + 1
        while True:
            name = segment_name(self._stem, part)
            file = os.path.join(self.path, name)  # noqa: PTH118 - pathlib costs 10 us
            try:
                fd = open_segment(self.path, name)
            except FileExistsError:
                if not stands(file):  # it is the directory's name that is taken
                    raise
                part += 1  # we were interrupted between making it and knowing so, or somebody planted it
                continue
            if self.file is not None:
                self.prev = os.path.basename(self.file)  # noqa: PTH119 - as above
            self._part = part
            return fd, file

    def resume(self, rest: bytes, /) -> int | None:
        """Write what is left of some lines; -1 where that would not continue the first part, and none of it is written.

        The file may be gone by now, and in a shared one others may have written behind it.
        """
        file = self._io
        if file is None or self.lost():
            return -1
        if not self.shared:
            return file.write(rest)
        end = file.tell()  # of our own last write, in append mode
        if posix.fstat(self._fd).st_size != end:
            return -1
        taken = file.write(rest)
        return taken if not taken or file.tell() == end + taken else -1

    def taken_beyond(self, size: int) -> int:
        """How many bytes stand in a segment beyond its first ones; 0 where that cannot be told."""
        try:
            return 0 if self.shared else max(0, posix.fstat(self._fd).st_size - size)
        except (OSError, ValueError):
            return 0

    def lost(self) -> str:
        """Why this file is to be left, in a word; empty if it still stands under its name and is ours."""
        if self._fd < 0 or self.file is None:
            return "closed"
        try:
            ours = posix.fstat(self._fd)
        except OSError:
            return "closed"
        if (ours.st_dev, ours.st_ino) != self._identity:
            return "taken"
        try:
            there = posix.stat(self.file)
        except (FileNotFoundError, NotADirectoryError):
            return "renamed" if ours.st_nlink else "deleted"
        except OSError:
            return ""  # a network drive that hangs for a moment is no reason to begin anew
        if (there.st_dev, there.st_ino) != self._identity:
            return "renamed" if ours.st_nlink else "deleted"
        if ours.st_size < self._seen:
            return "truncated"
        self._seen = ours.st_size
        return ""

    def rescue(self) -> bytes:
        """What was written into a deleted file since it was last seen in its place; raises `OSError`."""
        size = posix.fstat(self._fd).st_size - self._seen
        data = b""
        while size - len(data) > 0 and size <= _MOST_RESCUED:
            more = posix.pread(self._fd, size - len(data), self._seen + len(data))
            if not more:
                break
            data += more
        return data

    def sync(self) -> None:
        """Put what was written on the disk itself; raises `OSError`."""
        fd = self._fd  # which another thread may close between two looks
        if fd >= 0:
            getattr(posix, "fdatasync", posix.fsync)(fd)

    def sync_name(self) -> None:
        """Put the file's name on the disk itself; raises `OSError`."""
        if self.file is None:
            return
        fd = posix.open(os.path.dirname(self.file), os.O_RDONLY)  # noqa: PTH120 - 10 us
        try:
            posix.fsync(fd)
        finally:
            posix.close(fd)

    def close(self) -> None:
        """Close what is open."""
        self._close_file()
        self._reserve.close()

    def _close_file(self) -> None:
        """Close the descriptor, if it is still ours."""
        fd, self._fd, self.write = self._fd, -1, _not_open
        if fd < 0 or self._io is None:
            return
        self._io.close()  # who still has its `write`, in a forked child, gets a ValueError and not the next file
        try:
            found = posix.fstat(fd)
            if (found.st_dev, found.st_ino) == self._identity:
                posix.close(fd)
        except OSError:
            pass  # closed by the host, or a disk that says only now that it failed: its lines are lost either way


def file_for(settings: Settings) -> FileSink:
    """The file or files that the settings ask for."""
    return FileSink(settings.path, shared=settings.shared, rotate_bytes=settings.rotate_bytes)


def _largest_file() -> int:
    """`RLIMIT_FSIZE`, past which writing can kill the process."""
    try:
        import resource  # noqa: PLC0415 - not on Windows

        most, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    except (ImportError, OSError, ValueError):
        return UNLIMITED
    return most if most >= 0 else UNLIMITED
