"""What a writer has in memory: records handed to it that are in no file yet, and which call may write them."""

from __future__ import annotations

from _thread import get_ident
from collections import deque
from collections.abc import Iterable
from itertools import count
from typing import Final, TypeAlias

from steplog._write.disk import helper_thread
from steplog._write.disk.batch import Batch, Entry, Point, Standing
from steplog._write.disk.clock import CLOCK, now_ns
from steplog._write.disk.gate import Gate, Wait, Work

# From which time to which (in ns since 1970) nothing but a line is to be written, what is to be added to a reading of the
# monotonic clock, and what the line looks like.
Calm: TypeAlias = tuple[int, int, int, bytes]

NOT_CALM: Final[Calm] = (0, 0, 0, b"")
LONG: Final[Wait] = ((True, 2.0),)
# How long a hook waits for another thread that writes, ten times. Counted and not only clocked: beside many busy threads
# each of these waits takes as long as their turns do, and so does the way back of the one that is writing.
_A_MOMENT: Final[Wait] = ((True, 0.005),)
_RECOUNT_EVERY: Final = 256
_OVERHEAD: Final = 128  # bytes that a pending record takes besides its own
_LONGEST_PAUSE_NS: Final = 1_000_000_000
_LOOK_AGAIN_S: Final = 0.05


class Pending:
    """A writer's memory. A forked child gets a new one; whoever of the parent's is at work holds the old."""

    def __init__(self, pid: int, work: Work) -> None:
        """Nothing is pending in process `pid`; `work` writes what is."""
        self.pid = pid
        self.is_over = False  # we are in a forked child by now, with a memory of its own
        self.queue: deque[Entry] = deque()  # a record leaves it when its line is in the kernel
        # Drawn in the same call of C that queues a record: their order is that of the queue, and one that is lost leaves a gap.
        self.numbers = count(1)
        self.times = iter(CLOCK[0], None)
        self.batch: Batch = Standing(Point())
        self.left = False  # a call has left records to the one that it cut into
        self.behind = False  # the disk fails or is slow: hooks leave writing to the helper
        self.rest_until = 0  # monotonic ns before which a disk that failed is left alone
        self.reason = "pending_full"
        self.calm: Calm = NOT_CALM
        self.gone = ("", 0, 0, 0)  # records given up: why, the last one's number, since when, until when
        self._work = work
        self.gate = Gate(is_only_way=True)
        # For who has waited in vain at the other one, since a call stands still inside: in a handler, or in a debugger.
        self.side_gate = Gate(is_only_way=False)
        self._waiting: set[int] = set()
        self._helping = False
        self._held = self._since_count = 0
        self._counted: Batch | None = None

    def put(self, *bodies: bytes) -> None:
        """Queue records; an empty one stands for `log.close`."""
        self.queue.extend(zip(bodies, self.numbers, self.times))

    def newest(self) -> Batch:
        """The last batch of the chain."""
        batch = self.batch
        while batch.after:
            batch = batch.after[0]
        self.batch = batch
        return batch

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

    # -- one thread at a time

    def write(self, wait: Wait, upto: int = 0) -> bool:
        """Write what is pending, all or up to a number, unless another thread does so for longer than the wait."""
        return self.gate.alone(wait, self._work, upto)

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
        for gate, moments in ((self.gate, 6), (self.side_gate, 4), (self.gate, 4)):
            for _ in range(moments):
                if self.behind or self.is_written(upto):
                    return self.is_written(upto)
                if gate is self.gate and gate.is_given_up():
                    break
                if gate.alone(_A_MOMENT, self._work, upto):
                    return True
        self.gate.give_up()  # who comes next does not wait for who is inside
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
            self._held = _size([body for body, *_ in self.queue.copy()])
        while self._held > most and self._give_up_oldest():
            pass

    def _give_up_oldest(self) -> bool:
        # The last one stays: the gap shows, and `log.lost` is written, when the line behind it is. What was rescued from a
        # deleted file stays, too: it has no number and would leave no gap.
        if len(self.queue) < 2 or not self.queue[0][1]:
            return False
        body, number, at = self.queue.popleft()
        self._held -= _size((body,))
        _, last, since, _ = self.gone
        self.gone = (self.reason, number, since if last > self.newest().end.number else at, at)
        return True

    def give_up_all(self) -> None:
        """Give up all that is pending: the process ends, and no disk takes it."""
        entries = self.queue.copy()
        _, last, since, _ = self.gone
        self.gone = (
            self.reason,
            entries[-1][1],
            since if last > self.newest().end.number else entries[0][2],
            entries[-1][2],
        )
        self.queue.clear()

    def get_help(self) -> None:
        """Have the queue emptied by a thread of our own: the host may not come again for hours."""
        if self._helping or self.is_over:
            return
        self._helping = True
        if not helper_thread.start(self._help):
            self._helping = self.behind = False

    def _help(self) -> None:
        try:
            while not self.is_over and (self.queue or self.behind):
                before, pause = self.newest(), self.rest_until - now_ns()
                if pause > 0:
                    helper_thread.pause(min(pause, _LONGEST_PAUSE_NS) / 1e9)
                self.write(LONG)
                if not self.queue:
                    self.behind = (
                        False  # from now on hooks write themselves; who came before this is seen next
                    )
                elif before is self.newest():
                    helper_thread.pause(_LOOK_AGAIN_S)
        finally:
            self._helping = self.behind = False
        if self.queue:
            self.get_help()


def _size(bodies: Iterable[bytes]) -> int:
    return sum(len(body) + _OVERHEAD for body in bodies)
