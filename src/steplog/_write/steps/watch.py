"""Where a guard looks in: what it is told of runs and calls, and how it keeps a call from being made.

Off, which is the default, all there is of it is `WATCH.guards`, which is None.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, Protocol

from steplog._write.steps.states import RunState, StepState

GUARDED: Final = frozenset({"llm", "tool"})  # the calls that a guard may keep from being made


class BudgetExceeded(RuntimeError):  # noqa: N818 - it says what is the case
    """A run has used up what `steplog.guard` allows, and a call was not made.

    limit: the argument's name, such as `"max_tokens"`. spent, allowed: in its unit (tokens, US dollars, steps, seconds, calls in a
    row). run: the id of the run, 16 hex digits.
    """

    def __init__(
        self, words: str, limit: str = "", spent: float = 0.0, allowed: float = 0.0, run: str = ""
    ) -> None:
        """`words` are what a person reads."""
        super().__init__(words)
        self.limit = limit
        self.spent = spent
        self.allowed = allowed
        self.run = run

    @property
    def facts(self) -> tuple[str, str, float, float, str]:
        """What it is made from."""
        return str(self), self.limit, self.spent, self.allowed, self.run

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled whole, as workers and futures do."""
        return type(self), self.facts


BudgetExceeded.__module__ = "steplog"  # where a program finds it, and what the log and tracebacks say


class Recorder(Protocol):
    """Who knows the steps of its runs by an adapter's keys."""

    def state_of(self, key: Hashable) -> StepState | None:
        """The step under this key, open or ended lately."""
        ...

    def point(self, kind: str, *, parent: Hashable, fields: Mapping[str, Any]) -> None:
        """Something happened inside the step `parent`."""
        ...


class Budget(Protocol):
    """What a run may use, and what it has."""

    def before(self, recorder: Recorder, kind: str, step: StepState) -> None:
        """A call is about to be made in `step`. Raises `BudgetExceeded` where it must not be."""
        ...

    def last_call(self, recorder: Recorder, step: StepState) -> str | None:
        """What a model is to be told whose call in `step` would be its agent's last; None where it would not."""
        ...

    def refusal(self, recorder: Recorder, step: StepState) -> str | None:
        """What a tool that is called in `step` is to answer instead of being run; None where it is to be run."""
        ...

    def started(self, step: StepState, fields: Mapping[str, Any]) -> None:
        """A step has begun, and its line is written."""
        ...

    def ended(self, step: StepState, record: Mapping[str, Any]) -> None:
        """A model call has ended with this line."""
        ...

    def over(self, run: RunState) -> None:
        """A run is over."""
        ...


class Guards(Protocol):
    """Who gives runs their budgets."""

    def begun(
        self, run: RunState, name: str | None, inside: RunState | None, resumes: str | None, *, resuming: bool
    ) -> None:
        """A run begins, perhaps inside of another; `resumes` is the interrupted one it goes on from, where that ran here."""
        ...


class Watch:
    """Whether any guard is on; one for the process."""

    __slots__ = ("_listeners", "guards")

    def __init__(self) -> None:
        """Off."""
        self.guards: Guards | None = None
        self._listeners: list[tuple[Callable[[], object], Callable[[], object]]] = []

    def switch(self, guards: Guards | None) -> None:
        """On, or off: adapters that must reach into their framework for it do so now, or put it back."""
        was_on, self.guards = self.guards is not None, guards
        if was_on != (guards is not None):
            for on, off in self._listeners:
                (off if was_on else on)()

    def listen(self, on: Callable[[], object], off: Callable[[], object]) -> None:
        """Call `on` when the first guard is made, now where there is one, and `off` when the last is closed."""
        self._listeners.append((on, off))
        if self.guards is not None:
            on()

    def forget(self, on: Callable[[], object]) -> None:
        """Call whoever listens with this `on` no more."""
        self._listeners = [listener for listener in self._listeners if listener[0] is not on]


WATCH: Final = Watch()


def before_call(recorder: Recorder, kind: str, parent: Hashable) -> Hashable:
    """A step of this kind is about to begin in the step `parent`, which is given back.

    Raises `BudgetExceeded` where it is the call of a model or tool that must not be made.
    """
    if kind in GUARDED and parent is not None:
        step = recorder.state_of(parent)
        if step is not None and step.run.budget is not None:
            step.run.budget.before(recorder, kind, step)
    return parent


def told_to_answer(recorder: Recorder, parent: Hashable) -> str | None:
    """What a model is to be told whose call in the step `parent` is the last of its agent; None where it is not."""
    step = None if parent is None else recorder.state_of(parent)
    return None if step is None or step.run.budget is None else step.run.budget.last_call(recorder, step)


def told_instead(recorder: Recorder, parent: Hashable) -> str | None:
    """What a tool that is called in the step `parent` answers instead of being run; None where it is to be run."""
    step = None if parent is None else recorder.state_of(parent)
    return None if step is None or step.run.budget is None else step.run.budget.refusal(recorder, step)
