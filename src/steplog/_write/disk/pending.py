"""What a writer has in memory: records handed to it that are in no file yet, and who writes them when."""

from __future__ import annotations

from _thread import get_ident
from collections import deque
from collections.abc import Iterable
from itertools import count
from typing import Final

from steplog._write.disk import helper_thread
from steplog._write.disk.batch import Batch, Entry, Point, standing
from steplog._write.disk.clock import CLOCK, now_ns
from steplog._write.disk.gate import Gate, Work

# How long a hook waits for another thread that writes, in moments. They are counted and not only clocked: beside many busy
# threads each takes as long as their turns do, and so does the way back of who is writing. All that wait look up at the
# same time, since each that wakes takes the interpreter from who is writing.
_MOMENTS: Final = 10
_MOMENT_NS: Final = 5_000_000
_RECOUNT_EVERY: Final = 256
_OVERHEAD: Final = 128  # bytes that a pending record takes besides its own
_REST_S: Final = 1.0
_LOOK_AGAIN_S: Final = 0.05


class Pending:
    """A writer's memory. A forked child gets a new one; whoever of the parent's is at work holds the old."""

    def __init__(self, pid: int, work: Work) -> None:
        """Nothing is pending in process `pid`; `work` writes what is."""
        self.pid = pid
        self.is_over = False  # we are in a forked child by now, with a memory of its own
        self.queue: deque[Entry] = deque()  # a record leaves it when its line is in the kernel
        # Drawn in the same call of C that queues a record: they run as the queue does, and one that is lost leaves a gap.
        self.numbers, self.times = count(1), iter(CLOCK[0], None)
        self.batch: Batch = standing(Point())
        self.left = False  # a call has left records to the one that it cut into
        self.behind = False  # the disk fails or is slow: hooks leave writing to the helper
        self.reason = "pending_full"
        self.gone = ("", 0, 0, 0)  # records given up: why, the last one's number, since when, until when
        self.gate = Gate(is_only=True)
        # For who has waited in vain at the other one, where a call stands still: in a handler, or in a debugger.
        self.side_gate = Gate(is_only=False)
        self.work = work
        self._waiting: set[int] = set()
        self._helping = False
        self._held = self._since_count = 0
        self._counted: Batch | None = None

    def put(self, *bodies: bytes) -> None:
        """Queue records; an empty one stands for `log.close`."""
        self.queue.extend(zip(bodies, self.numbers, self.times, strict=False))

    def newest(self) -> Batch:
        """The last batch of the chain."""
        batch = self.batch
        while batch.after:
            batch = batch.after[0]
        self.batch = batch
        return batch

    def reached(self) -> Point:
        """How far the writer has come for sure."""
        batch = self.newest()
        return batch.end if batch.taken else Point(*batch.start)

    def follow(self, batch: Batch, new: Batch) -> None:
        """Put `new` behind `batch`, unless something is there by now."""
        batch.after.append(new)
        self.batch = batch.after[0]

    def last_number(self) -> int:
        """The number of the record that was queued last; 0 where none is pending."""
        try:
            return self.queue[-1][1]
        except IndexError:
            return 0

    def is_written(self, upto: int) -> bool:
        """Whether all records up to this number are off the queue."""
        try:
            return self.queue[0][1] > upto
        except IndexError:
            return True

    def is_inside(self) -> bool:
        """Whether this call has cut into another one of its thread, which writes or waits to write."""
        return self.gate.is_ours() or get_ident() in self._waiting

    def wait(self, upto: int) -> bool:
        """Wait until the records up to a number are written, or write them as soon as we may; False if it takes long."""
        me = get_ident()
        try:
            try:
                self._waiting.add(me)
                return self._wait(upto)
            finally:
                self._waiting.discard(me)
        finally:
            self._waiting.discard(me)

    def _wait(self, upto: int) -> bool:
        gate, work = self.gate, self.work
        for _ in range(_MOMENTS):
            if self.behind or self.is_written(upto) or gate.inside is gate.given_up:
                break
            if gate.alone(work, upto, (True, _to_the_moment())):
                return True
        else:
            gate.given_up = gate.inside  # who comes next does not wait for that one
        if not self.behind and not self.is_written(upto):
            self.side_gate.alone(work, upto, (True, _to_the_moment()))
        return self.is_written(upto)

    # -- records that cannot be written now

    def hold(self, bodies: tuple[bytes, ...], most: int) -> None:
        """Keep records that were queued just now within a bound in bytes: beyond it the oldest are given up."""
        if len(self.queue) <= len(bodies):
            self._held = 0
        self._held += _size(bodies)
        self._since_count += 1
        if self._held <= most:
            return
        if self._counted is not self.newest() or self._since_count > _RECOUNT_EVERY:
            self._counted, self._since_count = self.newest(), 0
            self._held = _size(body for body, *_ in self.queue.copy())
        while self._held > most and self._give_up_oldest():
            pass

    def _give_up_oldest(self) -> bool:
        # What is on its way into the file stays, and what was rescued from a deleted one, which has no number and would
        # leave no gap. So does the last record: the gap shows, and `log.lost` is written, when the line behind it is.
        batch, at = self.newest(), 0
        stays = 0 if batch.taken else batch.end.number
        try:
            while self.queue[at][1] <= stays:
                at += 1
            entry, _ = self.queue[at], self.queue[at + 1]
            self.queue.remove(entry)
        except (IndexError, ValueError):  # nothing else is there, or another thread has it
            return False
        self._held -= _size(entry[:1])
        self.give_up(entry, entry)
        return True

    def give_up(self, first: Entry, last: Entry) -> None:
        """Note that records from one to another will not be written."""
        _, number, since, _ = self.gone
        self.gone = (self.reason, last[1], since if number > self.reached().number else first[2], last[2])

    def get_help(self) -> None:
        """Have the queue emptied by a thread of our own: the host may not come again for hours."""
        if self._helping or self.is_over:
            return
        self._helping = True
        if not helper_thread.start(self._help):
            self._helping = self.behind = False

    def _help(self) -> None:
        inside: object = None
        try:
            while not self.is_over and (self.queue or self.behind):
                is_written = self.gate.alone(self.work)
                if is_written is None and inside is self.gate.inside:
                    is_written = self.side_gate.alone(self.work) or None
                inside = self.gate.inside
                if not is_written:
                    helper_thread.pause(_LOOK_AGAIN_S if is_written is None else _REST_S)
                elif not self.queue:
                    # From now on hooks write themselves; who came before this is seen next.
                    self.behind = False
        finally:
            self._helping = self.behind = False
        if self.queue:
            self.get_help()


def _size(bodies: Iterable[bytes]) -> int:
    return sum(len(body) + _OVERHEAD for body in bodies)


def _to_the_moment() -> float:
    return (_MOMENT_NS - now_ns() % _MOMENT_NS) / 1e9
