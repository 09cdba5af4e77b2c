"""What one run, or one thread, may use: asked before each call of a model or a tool."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from steplog._guard.account import Account
from steplog._guard.earlier import spent_earlier
from steplog._guard.limits import NEAR, Limits, Per, Spent, Used
from steplog._guard.repeats import Repeats
from steplog._write.guard import complain
from steplog._write.registry import path_of
from steplog._write.steps.states import RunState, StepState
from steplog._write.steps.watch import BudgetExceeded, Recorder

Action = Literal["raise", "wrap_up"]
Then = Action | Callable[[BudgetExceeded], Action | None]
_ACTIONS: Final = ("raise", "wrap_up")


class Budget:
    """Counts what its runs use, and says at each call whether it may be made."""

    def __init__(self, limits: Limits, per: Per, then: Then, thread: object) -> None:
        """Nothing used yet."""
        self._limits = limits
        self._per = per
        self._then = then
        self._thread = thread if isinstance(thread, str) else None
        self._lock = threading.RLock()
        self._account = Account(priced=limits.max_cost is not None)
        self._repeats = Repeats()
        self._looks_back = False
        self._loop: Used | None = None
        self._near: set[str] = set()
        self._waived: set[str] = set()  # limits that `then` has lifted
        self._exceeded: BudgetExceeded | None = None
        self._action: Action = "raise"
        self._answered: set[StepState] = set()  # agents that have had their last call
        self._is_asked_first = False  # whether calls are looked at before they are made
        self._name = ""

    # -- what is counted

    def opens(
        self, run: RunState, name: str | None, *, resuming: bool = False, is_inside: bool = False
    ) -> None:
        """A run of it begins.

        resuming: it goes on from one that waited, of which this process knows nothing. is_inside: in the time of another one.
        """
        run.budget = self
        if not is_inside:
            self._name = f"run {run.hex[:8]}" + (f" ({name})" if name else "")
        self._account.opens(run, is_inside=is_inside)
        self._looks_back = self._looks_back or resuming

    def started(self, step: StepState, fields: Mapping[str, Any]) -> None:
        """A step has begun."""
        if step.kind == "llm":
            self._account.call_begins(step, fields)
        elif step.kind == "tool" and self._limits.loops is not None:
            tool, times = self._repeats.add(_agent_of(step), step.name, fields.get("args"))
            if times >= self._limits.loops:
                words = f"{tool} {times} times in a row with the same arguments"
                self._loop = Used("loops", times, self._limits.loops, words)

    def ended(self, step: StepState, record: Mapping[str, Any]) -> None:
        """A model call has ended."""
        if step.kind == "llm":
            self._account.call_ends(step, record)

    def over(self, run: RunState) -> None:
        """A run of it is over."""
        self._account.closes(run)
        if not self._account.is_idle:
            return
        if self._answered:
            self._action = "raise"  # it was answered once: a thread that goes on gets no more of it
            self._answered.clear()
        self._repeats.forget()
        if self._exceeded is not None and self._exceeded.limit == "loops":
            self._exceeded = self._loop = None  # what loops in one turn does not in the next

    # -- what is asked

    def before(self, recorder: Recorder, kind: str, step: StepState) -> None:
        """A call is about to be made in `step`. Raises `BudgetExceeded` where it must not be."""
        with self._lock:
            was_known = self._exceeded is not None
            exceeded = self._look(recorder, step)
            if exceeded is None:
                return
            agent = _agent_of(step)
            if self._action == "wrap_up" and kind == "llm" and agent not in self._answered:
                # Passed a moment after the call was looked at: it has its tools still, and the next one will be the last.
                if was_known or not self._is_asked_first:
                    self._answered.add(agent)
                return
        raise BudgetExceeded(
            *exceeded.facts
        )  # another one for each call: it gets a traceback and a cause of its own

    def last_call(self, recorder: Recorder, step: StepState) -> str | None:
        """What a model is to be told whose call in `step` would be its agent's last; None where it would not."""
        with self._lock:
            self._is_asked_first = True
            exceeded = self._look(recorder, step)
            if exceeded is None or self._action != "wrap_up" or _agent_of(step) in self._answered:
                return None
        return f"The budget of this run is used up: {exceeded}. Answer now with what you have. No tool can be called any more."

    def refusal(self, recorder: Recorder, step: StepState) -> str | None:
        """What a tool that is called in `step` is to answer instead of being run; None where it is to be run."""
        with self._lock:
            exceeded = self._look(recorder, step)
        if exceeded is None or self._action != "wrap_up":
            return None
        return f"Not called: {exceeded}."

    # -- how it decides

    def _look(self, recorder: Recorder, step: StepState) -> BudgetExceeded | None:
        if self._exceeded is not None:
            return self._exceeded
        used = [each for each in self._used(recorder) if each.limit not in self._waived]
        for each in used:
            if each.spent >= each.allowed and self._decides(recorder, step, each):
                return self._exceeded
            if NEAR * each.allowed <= each.spent < each.allowed and each.limit not in self._near:
                self._near.add(each.limit)
                self._tell(recorder, step, each, "near")
        return None

    def _used(self, recorder: Recorder) -> list[Used]:
        if self._looks_back and self._thread is not None:
            self._looks_back = False
            self._account.adds(self._earlier(recorder))
        loop = [] if self._loop is None else [self._loop]
        return loop + self._limits.used(self._account.spent())

    def _earlier(self, recorder: Recorder) -> Spent:
        return spent_earlier(
            path_of(recorder), self._thread or "", self._account.runs,
            waiting_only=self._per == "run", priced=self._limits.max_cost is not None,
        )  # fmt: skip

    def _decides(self, recorder: Recorder, step: StepState, used: Used) -> bool:
        """A limit is passed: whether that stops the run, and how."""
        words = (
            f"{self._name} has called {used.words}"
            if used.limit == "loops"
            else f"{self._name} has used {used.words}"
        )
        exceeded = BudgetExceeded(
            f"{words} ({used.limit})", used.limit, used.spent, used.allowed, step.run.hex
        )
        action = self._then(exceeded) if callable(self._then) else self._then
        if action is None:
            self._waived.add(used.limit)
            self._tell(recorder, step, used, "waived")
            return False
        if action not in _ACTIONS:
            complain(
                "guard then",
                f"guard: then() gave {action!r:.60}; it must give 'raise', 'wrap_up' or None: taken as 'raise'",
            )
            action = "raise"
        self._action, self._exceeded = action, exceeded
        self._tell(recorder, step, used, action)
        return True

    def _tell(self, recorder: Recorder, step: StepState, used: Used, then: str) -> None:
        """Into the log, and as one line on stderr."""
        data = {"limit": used.limit, "spent": used.spent, "allowed": used.allowed, "then": then}
        self._account.own_points += 1
        recorder.point("custom", parent=step.key, fields={"name": "steplog.guard", "data": data})
        verb = "called" if used.limit == "loops" else "used"
        ends = {
            "near": "",
            "waived": "; it goes on",
            "raise": ": the next call is not made",
            "wrap_up": ": it is asked to answer now",
        }
        complain(
            f"guard {step.run.hex} {used.limit} {then}",
            f"guard: {self._name} has {verb} {used.words}{ends[then]}",
        )


def _agent_of(step: StepState) -> StepState:
    """The nearest agent around a call, or the run."""
    here = step
    while here.parent is not None and here.kind != "agent":
        here = here.parent
    return here
