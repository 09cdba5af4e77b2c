"""One thread at a time: a lock that no exception leaks, and that a handler passes which cuts into who holds it."""

from __future__ import annotations

import sys
from _thread import RLock
from collections import deque
from collections.abc import Callable
from itertools import starmap
from typing import Any, Final, Protocol, TypeAlias


class Work(Protocol):
    """What is done inside."""

    def __call__(self, upto: int, /, *, is_alone: bool) -> bool:
        """Write the records up to a number (0: all); whether they are written.

        is_alone: whether nobody else can be writing, not even the call that this one has cut into.
        """
        ...


Wait: TypeAlias = tuple[bool, float]  # whether to wait, and for how many seconds
AT_ONCE: Final[Wait] = (False, -1)
PATIENTLY: Final[Wait] = (True, 2.0)
_drain: Final = deque[Any](maxlen=0).extend


class Gate:
    """What a call passes in order to write. A native lock, whatever the host has put in its place (gevent)."""

    def __init__(self, *, is_only: bool) -> None:
        """is_only: whether who has passed may take it that no other thread is writing."""
        lock = RLock()
        self._enter = lock.acquire
        self._leave: Callable[..., None] = lock.__exit__  # releases it, whatever it is given
        self.is_ours: Callable[[], bool] = lock._is_owned  # noqa: SLF001 # pyright: ignore - as threading.Condition asks
        self._is_only = is_only
        self._has_cut_in = False
        self.inside: object = None  # who passed last, and perhaps is gone
        self.given_up: object = self  # who was inside when somebody had waited in vain

    def alone(self, work: Work, upto: int = 0, wait: Wait = AT_ONCE) -> bool | None:
        """What `work` returns; None where another thread is inside, and does not leave within the wait.

        A call that cuts into the one inside, in its own thread, does its work in between. But not if that one has cut in
        as well: handlers would nest ever deeper where signals come faster than lines are written.
        """
        if self.is_ours():
            return self._cut_in(work, upto)
        got: list[bool] = []
        release = map(self._leave, got)
        try:
            try:
                # One call of C: no exception gets between having the lock and knowing so.
                got.extend(filter(None, starmap(self._enter, (wait,))))
                # While the interpreter ends, other threads stand still for ever, inside or not.
                if not got and not sys.is_finalizing():
                    return None
                self.inside, self._has_cut_in = got, False
                return work(upto, is_alone=self._is_only)
            finally:
                _drain(release)
        finally:
            _drain(release)  # for an exception just before the other one; what was drained is not done again

    def _cut_in(self, work: Work, upto: int) -> bool | None:
        if self._has_cut_in:
            return None
        try:
            self._has_cut_in = True
            return work(upto, is_alone=False)
        finally:
            self._has_cut_in = False
