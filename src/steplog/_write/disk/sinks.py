"""Where whole lines go besides files: the protocol of a sink, memory, and the user's callable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from steplog._format.line import decode
from steplog._write.guard import complain, contained
from steplog._write.safe.attributes import type_name
from steplog._write.safe.exceptions import message_of

UNLIMITED: Final = 1 << 62  # bytes


class Sink(Protocol):
    """Takes bytes of whole lines, one caller at a time.

    shared: whether others append to the same place, so that each line must name its writer and start on a new line.
    """

    shared: bool

    def open(self, stamp: str, pid: int, w: str) -> None:
        """Get ready for a writer's first line; raises `OSError`, and is then tried again later."""
        ...

    def write(self, lines: bytes, /) -> int | None:
        """Take some of the bytes and say how many; raises `OSError` where it can take none."""
        ...

    def close(self) -> None:
        """Let go of what is held open; a later `open` may follow, as in a forked child."""
        ...


class Foreign:
    """A sink of the user's: whatever it raises is a disk that fails. For the rest it is a file that nothing happens to."""

    path = "the log"
    prev: str | None = None
    is_locked = False
    limit = largest = UNLIMITED

    def __init__(self, sink: Sink) -> None:
        """Hand on to `sink`."""
        self._sink = sink
        self._error: BaseException | None = None
        self.shared = sink.shared

    def report(self, where: str, error: BaseException) -> None:
        """Keep what it raised, for who asked it."""
        del where
        self._error = error

    def open(self, stamp: str, pid: int, w: str) -> None:
        """Open it."""
        contained(self, "open", self._sink.open, stamp, pid, w)
        self._raise()

    def write(self, lines: bytes, /) -> int | None:
        """Let it take some."""
        taken = contained(self, "write", self._sink.write, lines)
        self._raise()
        if taken is not None and (type(taken) is not int or not 0 <= taken <= len(lines)):
            raise OSError(None, f"the sink took {taken!r:.40} of {len(lines)} bytes")
        return taken

    resume = write

    def close(self) -> None:
        """Close it."""
        contained(self, "close", self._sink.close)

    def anew(self) -> Foreign:
        """The sink itself, for another writer."""
        return self

    def lost(self) -> str:
        """Nothing happens to it."""
        return ""

    def rescue(self) -> bytes:
        """Nothing was lost."""
        return b""

    def taken_beyond(self, size: int) -> int:
        """It does not say."""
        del size
        return 0

    def sync(self) -> None:
        """Nothing to do."""

    def sync_name(self) -> None:
        """Nothing to do."""

    def make_room(self) -> bool:
        """There is none."""
        return False

    def _raise(self) -> None:
        error, self._error = self._error, None
        if isinstance(error, OSError):
            raise error
        if error is not None:
            raise OSError(None, f"the sink raised {type_name(type(error))}: {message_of(error)}")


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

    def write(self, lines: bytes, /) -> int:
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

    def write(self, lines: bytes, /) -> int:
        """Call once for each line."""
        for line in lines.splitlines():
            contained(self, "sink", self._take, decode(line))
        return len(lines)

    def report(self, where: str, error: BaseException) -> None:
        """Say that the callable failed; its log is where the failure would otherwise be written."""
        complain(where, f"the sink {type_name(type(self._take))} failed: {message_of(error)}")

    def close(self) -> None:
        """Nothing to do."""
