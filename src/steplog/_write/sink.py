"""Where whole lines go: a directory of segments, one shared file, memory, or the user's callable."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Protocol

from steplog._format.line import decode
from steplog._write.errors import message_of
from steplog._write.guard import complain, contained
from steplog._write.segment import open_segment, open_shared, segment_name
from steplog._write.shapes import type_name


class Sink(Protocol):
    """Takes bytes of whole lines, one caller at a time.

    shared: whether others append to the same place, so that each line must name its writer and start on a new line.
    """

    shared: bool

    def open(self, stamp: str, pid: int, w: str) -> None:
        """Get ready for a writer's first line; raises `OSError`, and is then tried again later."""
        ...

    def write(self, lines: memoryview) -> int:
        """Take some of the bytes and say how many; raises `OSError` where it can take none."""
        ...

    def close(self) -> None:
        """Let go of what is held open; a later `open` may follow, as in a forked child."""
        ...


class FileSink:
    """A segment of the process's own in a directory, or one shared `.jsonl` file."""

    def __init__(self, path: str, *, shared: bool) -> None:
        """Nothing is made or opened before the first line."""
        self.path = path
        self.shared = shared
        self.file: str | None = None
        self._io: io.FileIO | None = None

    def open(self, stamp: str, pid: int, w: str) -> None:
        """Make the directory and the file; raises `OSError`."""
        if self.shared:
            self._io = open_shared(self.path)
            self.file = self.path
        else:
            name = segment_name(stamp, pid, w)
            self._io = open_segment(self.path, name)
            self.file = f"{self.path}/{name}"

    def write(self, lines: memoryview) -> int:
        """One `write` on a descriptor in append mode; raises `OSError`."""
        if self._io is None:
            raise OSError(9, "not open", self.path)
        # FileIO and not os.write: the one blocking call that event-loop guards (blockbuster) let through.
        return self._io.write(lines) or 0

    def close(self) -> None:
        """Close the descriptor."""
        if self._io is not None:
            self._io.close()
            self._io = None


class MemorySink:
    """Keeps lines in memory, for tests: `lines` as bytes, `records` as dicts."""

    shared = False

    def __init__(self) -> None:
        """Hold no line."""
        self._data = bytearray()

    @property
    def lines(self) -> list[bytes]:
        """All lines so far, without line ends."""
        return bytes(self._data).splitlines()

    @property
    def records(self) -> list[dict[str, Any]]:
        """All lines so far, decoded."""
        return [decode(line) for line in self.lines]

    def open(self, stamp: str, pid: int, w: str) -> None:
        """Nothing to do."""

    def write(self, lines: memoryview) -> int:
        """Keep them."""
        self._data += lines
        return len(lines)

    def close(self) -> None:
        """Nothing to do; what was written stays."""


class CallableSink:
    """Hands each line, as a dict, to a callable of the user's."""

    shared = False

    def __init__(self, take: Callable[[dict[str, Any]], object]) -> None:
        """Call `take` for each line, in the thread of the hook; what it raises is said on stderr and goes no further."""
        self._take = take

    def open(self, stamp: str, pid: int, w: str) -> None:
        """Nothing to do."""

    def write(self, lines: memoryview) -> int:
        """Call once for each line."""
        for line in bytes(lines).splitlines():
            contained(self, "sink", self._take, decode(line))
        return len(lines)

    def report(self, where: str, error: BaseException) -> None:
        """Say that the callable failed; its log is where the failure would otherwise be written."""
        complain(where, f"the sink {type_name(type(self._take))} failed: {message_of(error)}")

    def close(self) -> None:
        """Nothing to do."""
