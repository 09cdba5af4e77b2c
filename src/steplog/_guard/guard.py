"""`steplog.guard(...)`: limits for the runs of this process, or of a block of code."""

from __future__ import annotations

from collections import OrderedDict
from contextvars import ContextVar, Token
from typing import Final, Self, get_args

from steplog._guard.budget import Budget, Then
from steplog._guard.limits import Limits, Per
from steplog._write.guard import complain
from steplog._write.settings.settings import SettingsError
from steplog._write.steps.states import RunState
from steplog._write.steps.watch import WATCH

_MOST_KEPT: Final = 2_000  # threads, and runs that may be resumed, whose budgets are remembered
_here: ContextVar[Guard | None] = ContextVar("steplog_guard", default=None)
_process: list[Guard] = []  # those for the whole process; the newest holds
_open: set[Guard] = set()


def guard(
    *,
    max_tokens: int | None = None,
    max_cost: float | None = None,
    max_steps: int | None = None,
    max_seconds: float | None = None,
    loops: int | None = 3,
    per: Per = "run",
    then: Then = "raise",
) -> Guard:
    """Limit what a run may use; the only thing here that may stop a program, and off until it is asked for.

    ```python
    import steplog

    with steplog.Recorder("logs") as recorder, steplog.guard(max_tokens=200_000, max_steps=40), recorder.run("look") as run:
        try:
            for page in range(3):
                with run.tool("read", args={"page": page}):
                    pass
        except steplog.BudgetExceeded as exceeded:
            print(exceeded)  # run 0198f3a2 (look) has used 40 of 40 steps (max_steps)
    ```

    It counts what is recorded, so runs that nobody records are not guarded. At 80 % of a limit there is a word in the log and on
    stderr. When a limit is passed, what is under way goes on to its end, and at the next call of a model or tool it is as `then` says:

    * `"raise"`: the call is not made, and raises `BudgetExceeded`.
    * `"wrap_up"`: the agent gets one more call of its model, without tools, to answer with what it has; tools that are called
      answer that they were not. Each agent that is open gets that one call. Anything after it raises `BudgetExceeded`.
    * a function: it is called with the `BudgetExceeded`, and gives one of these words, or None to let the run go on without
      this limit. What it raises, the call raises.

    max_tokens: read and written. max_cost: US dollars; calls without a price are named once and cost nothing. max_steps: as
    `steplog ls` counts them. max_seconds: of the run, without the time it waits for a human. loops: how often in a row an
    agent may call the same tool with the same arguments. Agents inside of a run count with it. per: `"run"` counts an
    interrupted run and what resumes it as one; `"thread"` all runs of a conversation, also those that an earlier process
    has left in the log.

    As a context manager it is for the runs that begin inside of the block, else for all of the process until `close()`. The
    innermost guard holds. Raises `SettingsError` for a limit that cannot be.
    """
    limits = Limits(max_tokens, max_cost, max_steps, max_seconds, loops)
    limits.check()
    if per not in get_args(Per):
        raise SettingsError(f"guard: per must be 'run' or 'thread'; it is {per!r}")
    if not _is_then(then):
        raise SettingsError(f"guard: then must be 'raise', 'wrap_up' or a function; it is {then!r}")
    return Guard(limits, per, then)


def _is_then(value: object) -> bool:
    return callable(value) or value in ("raise", "wrap_up")


class Guard:
    """Limits that are on, until they are closed; made by `steplog.guard`."""

    def __init__(self, limits: Limits, per: Per, then: Then) -> None:
        """On, for the whole process."""
        self._limits = limits
        self._per: Per = per
        self._then: Then = then
        self._budgets: OrderedDict[str, Budget] = OrderedDict()
        self._tokens: list[Token[Guard | None]] = []
        self._has_guarded = False
        _process.append(self)
        _open.add(self)
        WATCH.switch(_GUARDS)

    def close(self) -> None:
        """Guard no run that begins from now on; a second call does nothing."""
        if self not in _open:
            return
        _open.discard(self)
        if self in _process:
            _process.remove(self)
        if not _open:
            WATCH.switch(None)

    def __enter__(self) -> Self:
        """Only for the runs that begin inside of the block."""
        if self in _process:
            _process.remove(self)
        self._tokens.append(_here.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        if self._tokens:
            _here.reset(self._tokens.pop())
        if not self._has_guarded:
            complain(
                f"guard {id(self)}",
                "no run was recorded in the block, so none was guarded: a guard needs steplog.activate(), a handler or a Recorder",
            )
        self.close()

    async def __aenter__(self) -> Self:
        """As `with`."""
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        """As `with`."""
        self.__exit__()

    def gives(self, run: RunState, name: str | None, resumes: str | None, *, resuming: bool) -> None:
        """A run of it begins."""
        self._has_guarded = True
        thread = run.thread if isinstance(run.thread, str) else None
        by_thread = self._per == "thread" and thread is not None
        found = self._budgets.pop(thread if by_thread and thread is not None else resumes or "", None)
        is_new = found is None
        budget = found or Budget(self._limits, self._per, self._then, thread)
        # Known by its thread, or by the run that the next one may resume.
        self._budgets[thread if by_thread and thread is not None else run.hex] = budget
        if len(self._budgets) > _MOST_KEPT:
            self._budgets.popitem(last=False)
        budget.opens(run, name, resuming=is_new and (by_thread or resuming))


class _Guards:
    """Gives a run that begins the budget of the guard that holds here."""

    def begun(
        self, run: RunState, name: str | None, inside: RunState | None, resumes: str | None, *, resuming: bool
    ) -> None:
        """A run begins; inside of another it counts with that one."""
        if inside is not None and inside.budget is not None:
            inside.budget.opens(run, name, is_inside=True)
            return
        here = _here.get()
        holds = here if here in _open else next(reversed(_process), None)
        if holds is not None:
            holds.gives(run, name, resumes, resuming=resuming)


_GUARDS: Final = _Guards()
