"""Lines on their way into a file, in a chain of batches: each is written once, whatever cuts in between two byte codes.

One thread at a time is at the chain, but signal handlers, finalizers and exceptions cut into that thread's own work. So
the two steps that count are each one call of C, which nothing of Python's cuts in two:

* a batch is put behind another by appending it to its `after`, of which only the first counts;
* a batch is carried out by draining a one-item iterator into its `taken`: who comes second finds it empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

# A record without `seq` and `ts`, its number among all that were handed to the writer (0: it is not among them), and when.
Entry: TypeAlias = tuple[bytes, int, int]
Call: TypeAlias = Callable[[Any], int | None]

NO_FILE: Final = 0
NO_HEAD: Final = 1  # a file is open; `log.open` does not stand in it yet
HEADED: Final = 2  # nothing but `log.open` stands in it
READY: Final = 3
TORN: Final = 4  # it ends in the first part of a line


class Point(NamedTuple):
    """How far a writer has come: what holds when all batches up to one are done."""

    seq: int = 0  # of the last line
    number: int = 0  # of the last record that is written or lost
    lost: int = 0  # records that a `log.lost` accounts for
    mark: str = ""  # the chain's last hash
    stage: int = NO_FILE
    size: int = 0  # bytes in this file
    total: int = 0  # bytes in all files
    last: int = 0  # the last line's time, in ns since 1970


# A point as a plain tuple, which is made in a fifth of the time.
Bare: TypeAlias = tuple[int, int, int, str, int, int, int, int]


class Batch:
    """What one call of the sink does: lines to write, or a file to open."""

    __slots__ = ("after", "entries", "once", "start", "steps", "taken", "whole")

    # Filled in by who makes one, by `batch_of` or for a single line in `Writer`, where `__init__` would be felt.
    start: Bare
    steps: tuple[Bare, ...]  # where the writer stands after each line
    whole: bytes
    entries: tuple[Entry, ...]  # what each line was made of, until it is off the queue
    once: Iterator[int | None]  # what the sink gives for `whole`: how much of it was taken
    taken: list[int | None]
    after: list[Batch]

    @property
    def end(self) -> Point:
        """Where the writer stands when all of it is done."""
        return Point(*self.steps[-1])


def batch_of(
    call: Call, whole: bytes, start: Bare, steps: tuple[Bare, ...], entries: tuple[Entry, ...] = ()
) -> Batch:
    """A batch for `call`, which gets `whole` and gives how much of it was taken."""
    batch = Batch()
    batch.start, batch.steps, batch.whole, batch.entries = start, steps, whole, entries
    batch.once, batch.taken, batch.after = map(call, (whole,)), [], []
    return batch


def standing(point: Point) -> Batch:
    """A batch with nothing to do, done."""
    batch = batch_of(len, b"", point, (point,))
    batch.taken.append(0)
    return batch


def after_part(batch: Batch, taken: int, resume: Call | None) -> tuple[Batch, tuple[Entry, ...]]:
    """What follows a batch of which only `taken` bytes went into the file, and whose lines are whole in it.

    That is the rest of it, for `resume` to write byte for byte; or, without one, another file for what is not whole.
    """
    reached = Point(*batch.start).total + taken
    done = [
        Point(*step)
        for step, _ in zip(batch.steps, batch.entries, strict=False)
        if Point(*step).total <= reached
    ]
    base = done[-1] if done else Point(*batch.start)
    written, left = batch.entries[: len(done)], batch.entries[len(done) :]
    if resume is None or not left:
        return standing(base._replace(stage=NO_FILE)), written
    stage = base.stage if reached == base.total else TORN
    start = base._replace(stage=stage, size=base.size + reached - base.total, total=reached)
    return batch_of(resume, batch.whole[taken:], start, batch.steps[len(done) :], left), written
