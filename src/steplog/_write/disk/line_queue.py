"""What one process's writer has in memory: lines handed to it that are in no file yet, and what became of others."""

from __future__ import annotations

import os
import select
import sys
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Final, NamedTuple

from steplog._write.disk import helper_thread
from steplog._write.disk.clock import now_ns
from steplog._write.disk.turns import Calm, Entry, Point, Turn, standing

# How long a hook waits for a write that another thread is in, in naps: half a second, told by counting as well as
# by a clock that may be mocked. Beside many busy threads a healthy write takes up to 5 ms for each of them. Naps, since
# to be woken each line would pay for a lock, and threads woken at each line's end take the GIL from who writes.
_NAPS_S: Final = (0.0001, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.247)
_LOOKS: Final = frozenset({2, 6, 9})
_RECOUNT_EVERY: Final = 256
_OVERHEAD: Final = 128  # bytes that a pending line takes besides its own
NOT_CALM: Final[Calm] = (0, 0, b"", 0, len)
DROPPED: Final = -2  # what a turn took that an exception dropped before it did anything
_LONGEST_WAIT_NS: Final = 1_000_000_000
_LOOK_AGAIN_S: Final = 0.05


class Lost(NamedTuple):
    """Lines that had to be given up, in all, and those that no `log.lost` accounts for yet: why, first and last."""

    total: int = 0
    reason: str = ""
    first_ns: int = 0
    last_ns: int = 0


class Pending:
    """A writer's memory. A forked child gets a new one; whoever of the parent's is at work holds the old."""

    def __init__(self, pid: int) -> None:
        """Nothing is pending in process `pid`."""
        self.pid = pid
        self.is_over = False  # we are in a forked child by now, with a memory of its own
        self.queue: deque[Entry] = deque()  # a line leaves it when it is in the kernel
        self.lost = Lost()
        self.reason = "pending_full"
        self.retry_at = 0  # monotonic ns before which the failed disk is left alone
        self.behind = False  # the disk is so slow that the helper writes
        self.helping = False
        self.strikes = 0
        self.left = False  # somebody went away with a line in the queue: whoever is at it empties the queue
        self.stuck: Turn | None = None
        self.turn: Turn = standing(Point())
        self.calm: Calm = NOT_CALM
        self._held = 0
        self._since_recount = 0

    def newest(self) -> Turn:
        """The last turn of the chain."""
        turn = self.turn
        while turn.after:
            turn = turn.after[0]
        self.turn = turn
        return turn

    def follow(self, turn: Turn, new: Turn) -> Turn:
        """What comes after `turn`: `new`, or what somebody else put there before us."""
        turn.after.append(new)
        found = turn.after[0]
        self.turn = found
        return found

    def wait(self, turn: Turn, is_at: Callable[[Turn, FrameType | None], bool]) -> bool:
        """Wait for a turn that somebody else carries out; False when it takes too long: the line is theirs then.

        is_at: whether a thread, given by its innermost frame, carries out a turn. One that was begun and is in no
        thread's hands has been dropped by an exception, with nothing written.
        """
        # Where we interrupted it, it goes on when we return.
        naps = () if is_at(turn, sys._getframe()) else _NAPS_S  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - documented
        for i, seconds in enumerate(naps):
            _nap(seconds)
            if turn.taken or turn.after:
                return True
            if i in _LOOKS and not _in_hands(turn, is_at) and not turn.taken and not turn.after:
                turn.taken.append(DROPPED)
                return True
        self.stuck = turn
        return False

    def hold(self, entry: Entry, most_bytes: int) -> None:
        """Keep a line that cannot be written now, within a bound: then the oldest ones go, and are counted."""
        self.left = True
        size = len(entry[1]) + _OVERHEAD
        self._held = self._held + size if len(self.queue) > 1 else size
        self._since_recount += 1
        if self._held <= most_bytes:
            return
        if self._since_recount > _RECOUNT_EVERY or self.lost.total == 0:
            self._since_recount = 0
            self._held = sum(len(body) + _OVERHEAD for _, body in tuple(self.queue))
        while self._held > most_bytes and self._give_up_oldest():
            pass

    def _give_up_oldest(self) -> bool:
        turn = self.newest()
        on_their_way = 0 if turn.taken else len(turn.entries)
        try:
            entry = self.queue[on_their_way]
            self.queue.remove(entry)
        except (IndexError, ValueError):
            return False
        self._held -= len(entry[1]) + _OVERHEAD
        self.give_up(entry, self.reason)
        return True

    def give_up(self, entry: Entry, reason: str) -> None:
        """Count a line that will not be written."""
        lost = self.lost
        first = lost.first_ns if lost.total > self.newest().then.said else entry[0]
        self.lost = Lost(lost.total + 1, reason, first, entry[0])

    def get_help(self, write_out: Callable[[Pending, None], object]) -> None:
        """Have the queue emptied by a thread of our own: the host may not come again for hours."""
        if self.helping or self.is_over:
            return
        self.helping = True
        if not helper_thread.start(self._help, write_out):
            self.helping = self.behind = False

    def _help(self, write_out: Callable[[Pending, None], object]) -> None:
        try:
            while not self.is_over and (self.queue or self.behind):
                wait = self.retry_at - now_ns()
                if wait > 0:
                    helper_thread.pause(min(wait, _LONGEST_WAIT_NS) / 1e9)
                write_out(self, None)
                if self.stuck is self.newest():
                    helper_thread.pause(_LOOK_AGAIN_S)  # another thread is inside a write that hangs
                elif not self.queue:
                    self.behind = (
                        False  # from now on hooks write themselves; who came before this is seen next
                    )
        finally:
            self.helping = False
        if self.queue:
            self.get_help(write_out)


def _nap(seconds: float) -> None:
    # Not time.sleep, which event-loop guards refuse; but Windows cannot select among nothing.
    if os.name == "nt":
        helper_thread.pause(seconds)
    else:
        select.select([], [], [], seconds)


def _in_hands(turn: Turn, is_at: Callable[[Turn, FrameType | None], bool]) -> bool:
    tops = tuple(sys._current_frames().values())  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above
    return any(is_at(turn, top) for top in tops)
