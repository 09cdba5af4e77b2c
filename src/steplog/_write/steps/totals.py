"""What a run added up to, kept in memory as it happens."""

from __future__ import annotations

from _thread import RLock  # the class itself: `threading.RLock` is a function around it
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, cast

from steplog._format.record import POINTS, STEPS, USAGE_FIELDS, Totals

FAILED: Final = "failed"  # a step that failed where its error began
AGAIN: Final = "again"  # a step that tries again what failed
_COUNTED_AS: Final = {
    "llm": "llm_calls", "tool": "tool_calls", "retry": "retries", "interrupt": "interrupts",
    FAILED: "errors", AGAIN: "retries",
}  # fmt: skip
_ARE_STEPS: Final = STEPS | POINTS
_SUMMED: Final = frozenset(USAGE_FIELDS) - {"total_tokens"}
_ORDER: Final = tuple(name for name in Totals.__annotations__ if name != "models")
_MOST_MODELS: Final = 1000


class RunTotals:
    """Counts of steps, calls, errors and retries, sums of tokens, and the models that answered."""

    __slots__ = ("_happened", "_lock", "_models", "_sums", "count")

    def __init__(self) -> None:
        """All zero."""
        self._sums: dict[str, int] = {}
        self._models: dict[str, None] = {}
        self._lock = RLock()  # adding is a read and a write: two threads would lose a count
        self._happened: deque[str] = deque()
        # One more of these: a kind of step or point, FAILED, or AGAIN. One C call, which no thread cuts in two; whoever
        # counts calls `sum_up` from time to time.
        self.count: Callable[[str], None] = self._happened.append

    def sum_up(self) -> None:
        """Put what was counted into the sums."""
        happened, sums = self._happened, self._sums
        if not happened:
            return
        with self._lock, suppress(IndexError):  # a signal handler may take what was there a moment ago
            for _ in range(len(happened)):
                what = happened.popleft()
                if what in _ARE_STEPS:
                    sums["steps"] = sums.get("steps", 0) + 1
                if what in _COUNTED_AS:
                    name = _COUNTED_AS[what]
                    sums[name] = sums.get(name, 0) + 1
                elif what == "resume" and sums.get("interrupts"):
                    sums["interrupts"] -= 1  # answered within the run: nothing waits any more when it ends

    def add_call(self, usage: Mapping[str, int] | None, model: object) -> None:
        """Add the tokens that a line says a call took, and the model that answered."""
        if usage is not None:
            sums = self._sums
            with self._lock:
                for name, tokens in usage.items():
                    if name in _SUMMED:
                        sums[name] = sums.get(name, 0) + tokens
        if type(model) is str and len(self._models) < _MOST_MODELS:
            self._models[model] = None

    def add(self, other: RunTotals) -> None:
        """Add another's counts to these."""
        other.sum_up()
        sums = self._sums
        with self._lock:
            for name, value in tuple(other._sums.items()):
                sums[name] = sums.get(name, 0) + value
        self._models.update(other._models)

    @property
    def waits(self) -> bool:
        """Whether an interrupt was not answered, as far as was summed up."""
        return bool(self._sums.get("interrupts"))

    def as_dict(self) -> Totals:
        """Counts and sums by name, zeros left out; `models` as a list."""
        self.sum_up()
        sums = self._sums
        found: dict[str, Any] = {name: sums[name] for name in _ORDER if sums.get(name)}
        if self._models:
            found["models"] = list(self._models)
        return cast("Totals", found)
