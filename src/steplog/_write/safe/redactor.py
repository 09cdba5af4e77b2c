"""The user's redactor, contained: whatever it raises, however long it takes, however much it returns."""

from __future__ import annotations

import _thread
import os
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from queue import Empty, SimpleQueue
from typing import Any, Final

from steplog._write.guard import complain

Redactor = Callable[[str], str]
Answer = tuple[Any, str]  # what the redactor gave, and why that cannot be used
_Job = tuple[Context, str, "SimpleQueue[Answer]"]

_SECONDS: Final = 1.0
_SLICES: Final = 20  # a process that was stopped for an hour has lost one of these, not all
_MOST_LATE: Final = 3
_IDLE_SECONDS: Final = 5.0
_MOST_REDACTORS: Final = 64
FAILED: Final = "redactor_failed"
LATE: Final = "redactor_late"
OFF: Final = "redactor_off"
TOO_LONG: Final = "redactor_too_long"
# Bound together, as they are now: after gevent has replaced the one, they would wait for each other.
_start_thread: Final = _thread.start_new_thread

_contained: dict[int, ContainedRedactor] = {}


def contained_redactor(redactor: Redactor) -> ContainedRedactor:
    """The one that contains this function in this process."""
    found = _contained.get(id(redactor))
    if found is None or found.redactor is not redactor:
        if len(_contained) >= _MOST_REDACTORS:
            _contained.clear()
        found = _contained[id(redactor)] = ContainedRedactor(redactor)
    return found


class _Stopped(SystemExit):
    """Ends a redactor that was late too often; a `SystemExit`, as such a one ends a thread without a word."""


class ContainedRedactor:
    """Calls a redactor in threads of ours, each of which ends when it has been idle for five seconds.

    A function that hangs cannot be ended from outside, and a host's thread inside it would hang with it. So the host
    waits for an answer for one second. After the third time that none came, the redactor is not called again: what it
    should have seen is dropped. In a thread of ours all that it raises is its own, and what comes of a signal, as
    Ctrl-C does, comes to the host.
    """

    def __init__(self, redactor: Redactor) -> None:
        """Contain this function."""
        self.redactor = redactor
        self._idle: deque[SimpleQueue[_Job]] = deque()
        self._busy: dict[int, bool] = {}  # by the threads' idents
        self._late = 0
        self._pid = os.getpid()

    def kept(self, text: str, longest: int) -> Answer:
        """What the redactor keeps of a text, or the kind as which it is masked since that is not known."""
        if self._late >= _MOST_LATE:
            return "", OFF
        if _thread.get_ident() in self._busy:  # the redactor itself is being recorded
            return "", FAILED
        if self._pid != os.getpid():  # a forked child has none of its parent's threads
            self._pid, self._idle, self._busy = os.getpid(), deque(), {}
        answer: SimpleQueue[Answer] = SimpleQueue()
        job = (copy_context(), text, answer)
        try:
            self._idle.pop().put(job)
        except IndexError:
            try:
                _start_thread(self._work, (job,))
            except RuntimeError:  # none can be had while the interpreter ends
                return "", FAILED
        kept, why = self._awaited(answer)
        if not why and type(kept) is not str:
            why = FAILED
        return ("", TOO_LONG) if not why and len(kept) > longest else (kept, why)

    def _awaited(self, answer: SimpleQueue[Answer]) -> Answer:
        for _ in range(_SLICES):
            try:
                return answer.get(timeout=_SECONDS / _SLICES)
            except Empty:
                continue
        self._late += 1
        if self._late >= _MOST_LATE:
            self._stop_all()
            complain("redactor", f"the redactor gave no answer within {_SECONDS:g} s {self._late} times: it is not called again, and all texts are dropped")  # fmt: skip
        else:
            complain("redactor", f"the redactor gave no answer within {_SECONDS:g} s: a text was dropped")
        return "", LATE

    def _work(self, job: _Job | None) -> None:
        """One thread's life."""
        jobs: SimpleQueue[_Job] = SimpleQueue()
        own = _thread.get_ident()
        while job is not None:
            context, text, answer = job
            self._busy[own] = True
            try:
                given: Answer = context.run(self.redactor, text), ""
            except BaseException:  # noqa: BLE001 - the user's code, in a thread of ours: the text goes, the step stays
                given = "", FAILED
            self._busy.pop(own, None)
            if self._late >= _MOST_LATE:
                return
            self._idle.append(jobs)  # first, so that the next text needs no other thread
            answer.put(given)
            del context, text, answer, given  # nothing of the host's is kept while there is nothing to do
            job = self._next(jobs)

    def _next(self, jobs: SimpleQueue[_Job]) -> _Job | None:
        while True:
            try:
                return jobs.get(timeout=_IDLE_SECONDS)
            except Empty:
                try:
                    self._idle.remove(jobs)
                except ValueError:  # somebody has taken it, and gives it something to do at this moment
                    continue
                return None

    def _stop_all(self) -> None:
        """End calls that go round in circles, which would take their share of the processor for ever."""
        try:
            import ctypes  # noqa: PLC0415 - for this alone
        except ImportError:
            return
        for ident in tuple(self._busy):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(_Stopped))
