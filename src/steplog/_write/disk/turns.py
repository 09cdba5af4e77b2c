"""A writer's turns as a chain: each done exactly once by whoever comes to it, whatever interrupts whom in between.

Threads, signal handlers, finalizers and exceptions may cut into our code between any two byte codes, and a lock held
across byte codes can leak or block its own holder. So no step here needs a lock; each is one C call, which nothing of
Python's cuts in two:

* a turn is carried out by draining a one-item iterator into its `taken` list: who comes second finds it empty;
* a turn is put behind another by appending to its `after` list, of which only the first counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

Entry: TypeAlias = tuple[
    int, bytes
]  # when it was handed to us (monotonic ns), and its record without `seq` and `ts`
Call: TypeAlias = Callable[[Any], int | None]
# From which moment to which nothing needs a look, a line as `%` makes it, how large the file may get, and its `write`.
Calm: TypeAlias = tuple[int, int, bytes, int, Call]

NO_FILE: Final = 0
NO_HEAD: Final = 1  # a file is open; `log.open` does not stand in it yet
READY: Final = 2


class Point(NamedTuple):
    """How far a writer has come: what holds when all turns up to one are done."""

    lines: int = 0  # the last line number used
    said: int = 0  # lost lines that a `log.lost` accounts for
    mark: str = ""  # the chain's last hash
    stage: int = NO_FILE
    size: int = 0  # bytes in this file
    total: int = 0  # bytes in all files
    last: int = 0  # monotonic ns of the last line


# A point as a plain tuple, which is made and taken apart in a fifth of the time.
Bare: TypeAlias = tuple[int, int, str, int, int, int, int]


class Turn:
    """Bytes of whole lines on their way into a file (or a file's opening, which takes none).

    Bare, as one is made for each single line: its fields are set by who makes it.
    """

    __slots__ = ("after", "end", "entries", "once", "start", "taken", "whole")

    start: Bare  # where the writer stands before it
    end: Bare  # and after it
    whole: bytes
    entries: tuple[Entry, ...]  # whose lines it has, until they are off the queue
    once: Iterator[int | None]  # carries it out: gives how much of `whole` was taken
    taken: list[int | None]
    after: list[Turn]

    heads = 0  # how many of its lines are not from `entries`; of a rest: how many of those stand in the file already
    is_rest = False

    @property
    def before(self) -> Point:
        """Where the writer stands before it."""
        return self.start if isinstance(self.start, Point) else Point(*self.start)

    @property
    def then(self) -> Point:
        """Where the writer stands when it is done."""
        return self.end if isinstance(self.end, Point) else Point(*self.end)

    @property
    def is_whole(self) -> bool:
        """Whether all of it was taken."""
        return bool(self.taken) and self.taken[0] == len(self.whole)


class Work(Turn):
    """A turn of any kind."""

    __slots__ = ("claim", "heads", "is_rest")

    def __init__(
        self,
        call: Call,
        whole: bytes,
        entries: tuple[Entry, ...],
        before: Point,
        then: Point,
        heads: int = 0,
        *,
        is_rest: bool = False,
    ) -> None:
        """`call` gets `whole` and gives how much of it was taken; who drains `claim` keeps it from being called."""
        self.start = before
        self.end = then
        self.whole = whole
        self.entries = entries
        self.claim = iter((whole,))
        self.once = map(call, self.claim)
        self.taken = []
        self.after = []
        self.heads = heads
        self.is_rest = is_rest


def standing(point: Point, entries: tuple[Entry, ...] = ()) -> Work:
    """A turn with nothing to do, done: the writer stands at `point`, and `entries` are in the file."""
    turn = Work(len, b"", entries, point, point)
    turn.taken.append(0)
    return turn


def after_part(turn: Turn, taken: int, resume: Call | None) -> Work:
    """What follows a turn of which the disk took `taken` bytes: the rest of a torn line, or just where that leaves us.

    `resume` completes a torn line byte for byte; None where that is out of the question: the line is written anew then,
    as it is where `taken` is negative, since others have written behind its first part.
    """
    if turn.is_rest:
        if resume is None or taken < 0:
            return standing(turn.before, turn.entries[: turn.heads])
        size = turn.before.size + taken
        total = turn.before.total + taken
        before = turn.before._replace(size=size, total=total)
        return Work(resume, turn.whole[taken:], turn.entries, before, turn.then, turn.heads, is_rest=True)
    end = turn.whole.rfind(b"\n", 0, taken) + 1
    done = sum(1 for line in turn.whole[:end].split(b"\n") if line)
    point = _point_after(turn, done)._replace(size=turn.before.size + taken, total=turn.before.total + taken)
    own = max(0, done - turn.heads)
    if end >= taken or resume is None:
        return standing(point, turn.entries[:own])
    torn_end = turn.whole.index(b"\n", taken) + 1
    size, total = turn.before.size + torn_end, turn.before.total + torn_end
    then = _point_after(turn, done + 1)._replace(size=size, total=total)
    entries = turn.entries[: own + (done >= turn.heads)]
    return Work(resume, turn.whole[taken:torn_end], entries, point, then, own, is_rest=True)


def _point_after(turn: Turn, lines: int) -> Point:
    """Where the writer stands after the first `lines` of a turn's lines, read from their bytes."""
    if not lines:
        return turn.before
    last = [line for line in turn.whole.split(b"\n") if line][lines - 1]
    number = int(last[7 : last.index(b",")])
    said = turn.then.said if lines >= turn.heads else turn.before.said
    mark = last[-34:-2].decode() if turn.then.mark else ""
    return turn.then._replace(lines=number, said=said, mark=mark)
