"""Lines on their way into a file, in a chain of batches: each is written once, whatever cuts in between two byte codes.

Only one thread at a time is at the chain, but signal handlers, finalizers and exceptions may cut into that thread's own
work. So the two steps that count are each one call of C, which nothing of Python's cuts in two:

* a batch is put behind another by appending it to its `after`, of which only the first counts;
* a batch is carried out by draining a one-item iterator into its `taken`: who comes second finds it empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

# A record without `seq` and `ts`, its number among all that were handed to this writer (0: not among them), and when.
Entry: TypeAlias = tuple[bytes, int, int]
Call: TypeAlias = Callable[[Any], int | None]

NO_FILE: Final = 0
NO_HEAD: Final = 1  # a file is open; `log.open` does not stand in it yet
HEADED: Final = 2  # nothing but `log.open` stands in it
READY: Final = 3
TORN: Final = 4  # the file ends in the first part of a line


class Point(NamedTuple):
    """How far a writer has come: what holds when all batches up to one are done."""

    seq: int = 0  # of the last line
    number: int = 0  # of the last record handed to us that is written or lost
    lost: int = 0  # records that a `log.lost` accounts for
    mark: str = ""  # the chain's last hash
    stage: int = NO_FILE
    size: int = 0  # bytes in this file
    total: int = 0  # bytes in all files
    last: int = 0  # the last line's time, in ns since 1970


# A point as a plain tuple, which is made in a fifth of the time.
Bare: TypeAlias = tuple[int, int, int, str, int, int, int, int]


class Torn(NamedTuple):
    """A line whose first part stands at the file's end."""

    rest: bytes
    then: Point
    entry: Entry


class Batch:
    """What is done in one call of the sink: lines to write, or a file to open."""

    __slots__ = ("after", "entries", "once", "start", "steps", "taken", "whole")

    torn: Torn | None = None

    def __init__(
        self, call: Call, whole: bytes, start: Bare, steps: tuple[Bare, ...], entries: tuple[Entry, ...] = ()
    ) -> None:
        """`call` gets `whole` and gives how much of it was taken.

        steps: where the writer stands after each line; entries: what each line was made of, until it is off the queue.
        """
        self.start = start
        self.steps = steps
        self.whole = whole
        self.entries = entries
        self.once: Iterator[int | None] = map(call, (whole,))
        self.taken: list[int | None] = []
        self.after: list[Batch] = []

    @property
    def end(self) -> Point:
        """Where the writer stands when all of it is done."""
        return Point(*self.steps[-1])


class Standing(Batch):
    """A batch with nothing to do, done: the writer stands at a point, and `entries` are in the file."""

    __slots__ = ("torn",)

    def __init__(self, point: Point, entries: tuple[Entry, ...] = (), torn: Torn | None = None) -> None:
        """`torn` is the line whose first part stands at the file's end, if it is to be completed."""
        super().__init__(len, b"", point, (point,), entries)
        self.torn = torn
        self.taken.append(0)


def after_part(batch: Batch, taken: int) -> Standing:
    """Where a batch leaves the writer of which only `taken` bytes went into the file."""
    start, *steps = (Point(*point) for point in (batch.start, *batch.steps))
    if start.stage == NO_FILE:
        return Standing(start)
    reached = start.total + taken
    done = sum(step.total <= reached for step in steps)
    base = steps[done - 1] if done else start
    point = base._replace(size=base.size + reached - base.total, total=reached)
    if reached == base.total and base.stage != TORN:
        return Standing(point, batch.entries[:done])
    torn = Torn(batch.whole[taken : steps[done].total - start.total], steps[done], batch.entries[done])
    return Standing(point._replace(stage=TORN), batch.entries[:done], torn)
