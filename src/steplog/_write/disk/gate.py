"""One thread at a time: a lock that no exception leaks, that no handler waits for in its own thread, nor anybody long."""

from __future__ import annotations

import sys
from _thread import RLock
from collections import deque
from collections.abc import Callable
from itertools import starmap
from typing import Any, Final, TypeAlias

# Gives whether the records up to a number are written, and is told whether nobody else can be at it, not even the call
# that it cuts into.
Work: TypeAlias = Callable[[int, bool], bool]
Wait: TypeAlias = tuple[tuple[bool, float]]  # whether to wait for the lock, and for how many seconds

AT_ONCE: Final[Wait] = ((False, -1),)
_drain: Final = deque[Any](maxlen=0).extend


class Gate:
    """What a call passes to write. Native locks, whatever stands in their place for the host (gevent)."""

    def __init__(self, *, is_only_way: bool) -> None:
        """is_only_way: whether who has passed may take it that nobody else is at it."""
        lock = RLock()
        self._enter = lock.acquire
        self._leave: Callable[..., None] = lock.__exit__  # releases it, whatever it is given
        self._is_ours: Callable[[], bool] = lock._is_owned  # noqa: SLF001 # pyright: ignore - as threading.Condition asks
        self._is_only_way = is_only_way
        self._has_cut_in = False
        self._inside: object = None  # who passed last, and perhaps is gone
        self._given_up: object = self  # who was waited for in vain

    def is_ours(self) -> bool:
        """Whether this thread has passed and not come back, so that we have cut into it."""
        return self._is_ours()

    def give_up(self) -> None:
        """Wait no more for who is inside now."""
        self._given_up = self._inside

    def is_given_up(self) -> bool:
        """Whether somebody has waited in vain for who is inside."""
        return self._inside is self._given_up

    def alone(self, wait: Wait, work: Work, upto: int = 0) -> bool:
        """Call `work` while no other thread does; False where that cannot be had within the wait.

        A call that cuts into the one inside, in its own thread, does not wait: it does its work in between. But not if
        that one has cut in as well: handlers would nest ever deeper where signals come faster than lines are written.
        """
        if self._is_ours():
            return self._cut_in(work, upto)
        got: list[bool] = []
        release = map(self._leave, got)
        try:
            try:
                # One call of C: no exception gets between having the lock and knowing so.
                got.extend(filter(None, starmap(self._enter, wait)))
                # While the interpreter ends, other threads stand still for ever, inside or not.
                if not got and not sys.is_finalizing():
                    return False
                self._inside, self._has_cut_in = got, False
                return work(upto, self._is_only_way)
            finally:
                _drain(release)
        finally:
            _drain(release)  # for an exception just before the other one; what was drained is not done again

    def _cut_in(self, work: Work, upto: int) -> bool:
        if self._has_cut_in:
            return False
        try:
            self._has_cut_in = True
            return work(upto, False)
        finally:
            self._has_cut_in = False
