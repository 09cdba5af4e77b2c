"""One thread at a time: a lock that no exception leaks, and that a handler passes which cuts into who holds it."""

from __future__ import annotations

import sys
from _thread import RLock
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias


class Work(Protocol):
    """What is done inside."""

    def __call__(self, upto: int, /, *, is_alone: bool) -> bool:
        """Write the records up to a number (0: all); whether they are written.

        is_alone: whether nobody else can be writing, not even the call that this one has cut into.
        """
        ...


Wait: TypeAlias = tuple[bool, float]  # whether to wait, and for how many seconds
PATIENTLY: Final[Wait] = (True, 2.0)


class Gate:
    """What a call passes in order to write. A native lock, whatever the host has put in its place (gevent)."""

    def __init__(self, *, is_only: bool) -> None:
        """is_only: whether who has passed may take it that no other thread is writing."""
        lock = RLock()
        self._enter = lock.acquire
        self._leave = lock.release
        self.is_ours: Callable[[], bool] = lock._is_owned  # noqa: SLF001 # pyright: ignore - as threading.Condition asks
        self._is_only = is_only
        self._has_cut_in = False
        self.inside: object = None  # who passed last, and perhaps is gone
        self.given_up: object = self  # who was inside when somebody had waited in vain

    def alone(self, work: Work, upto: int = 0, wait: Wait | None = None) -> bool | None:
        """What `work` returns; None where another thread is inside, and does not leave within the wait.

        A call that cuts into the one inside, in its own thread, does its work in between. But not if that one has cut in
        as well: handlers would nest ever deeper where signals come faster than lines are written.
        """
        if self.is_ours():
            return self._cut_in(work, upto)
        try:
            try:
                if not (self._enter(False) if wait is None else self._enter(*wait)):  # noqa: FBT003 - by name is dearer
                    # While the interpreter ends, other threads stand still for ever, inside or not.
                    return work(upto, is_alone=self._is_only) if sys.is_finalizing() else None
                self.inside, self._has_cut_in = [], False
                is_done = work(upto, is_alone=self._is_only)
                self._leave()
            except BaseException:
                self._leave_if_inside()
                raise
            else:
                return is_done
        except BaseException:  # it came just before the lock was released there
            self._leave_if_inside()
            raise

    def _leave_if_inside(self) -> None:
        # Asked of the lock itself: before a note of ours an exception could come.
        if self.is_ours():
            self._leave()

    def _cut_in(self, work: Work, upto: int) -> bool | None:
        if self._has_cut_in:
            return None
        try:
            self._has_cut_in = True
            return work(upto, is_alone=False)
        finally:
            self._has_cut_in = False
