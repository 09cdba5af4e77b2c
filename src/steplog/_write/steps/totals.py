"""What a run added up to, kept in memory as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from itertools import repeat, starmap
from typing import Any, Final, TypeVar, cast

from steplog._format.record import POINTS, STEPS, USAGE_FIELDS, Totals
from steplog._write.disk.gate import Gate, Wait

T = TypeVar("T")

FAILED: Final = "failed"  # a step that failed where its error began
AGAIN: Final = "again"  # a step that tries again what failed
_CALLS: Final = {"llm": "llm_calls", "tool": "tool_calls", "retry": "retries", "interrupt": "interrupts"}
_COUNTED_AS: Final[dict[str, tuple[str, ...]]] = {
    **{kind: ("steps", _CALLS[kind]) if kind in _CALLS else ("steps",) for kind in STEPS | POINTS},
    FAILED: ("errors",),
    AGAIN: ("retries",),
}
_SUMMED: Final = frozenset(USAGE_FIELDS) - {"total_tokens"}
_PLACE: Final = {name: place for place, name in enumerate(Totals.__annotations__)}.__getitem__
_MOST_MODELS: Final = 1000
_BRIEFLY: Final[Wait] = (True, 0.05)


class RunTotals:
    """Counts of steps, calls, errors and retries, sums of tokens, and the models that answered."""

    __slots__ = ("_gate", "_happened", "_models", "_sums", "_usages", "count")

    def __init__(self) -> None:
        """All zero."""
        self._sums: dict[str, int] = {}
        self._models: dict[str, None] = {}
        self._gate = Gate(is_only=True)  # adding is a read and a write: two threads would lose a count
        # What happened and is not in the sums yet, each put here by one C call, which no thread cuts in two and which
        # waits for no lock. Whoever puts something here calls `sum_up` from time to time.
        self._happened: deque[str] = deque()
        self._usages: deque[Mapping[str, int]] = deque()
        # One more of these: a kind of step or point, FAILED, or AGAIN.
        self.count: Callable[[str], None] = self._happened.append

    def add_call(self, usage: Mapping[str, int] | None, model: object) -> None:
        """Add the tokens that a line says a call took, and the model that answered; nobody changes `usage` any more."""
        if usage is not None:
            self._usages.append(usage)
        if type(model) is str and len(self._models) < _MOST_MODELS:
            self._models[model] = None

    def sum_up(self) -> None:
        """Put what happened into the sums; if another thread is at it for long, what happened waits for the next time."""
        if self._happened or self._usages:
            self._gate.alone(self._sum_up, 0, _BRIEFLY)

    def _sum_up(self, _: int, /, *, is_alone: bool) -> bool:
        sums, taken = self._sums, _taken(self._happened)
        # One by one where the order counts.
        counts = [(w, 1) for w in taken] if "resume" in taken else [(w, taken.count(w)) for w in set(taken)]
        for what, times in counts:
            for name in _COUNTED_AS[what]:
                sums[name] = sums.get(name, 0) + times
            if what == "resume":  # answered within the run: nothing waits any more when it ends
                sums["interrupts"] = max(0, sums.get("interrupts", 0) - times)
        for usage in _taken(self._usages):
            for name in _SUMMED.intersection(usage):
                sums[name] = sums.get(name, 0) + usage[name]
        return is_alone

    def add(self, other: RunTotals) -> None:
        """Add another's counts to these."""
        other.sum_up()

        def add(_: int = 0, /, *, is_alone: bool) -> bool:
            for name, value in tuple(other._sums.items()):
                self._sums[name] = self._sums.get(name, 0) + value
            return is_alone

        if self._gate.alone(add, 0, _BRIEFLY) is None:
            add(is_alone=False)
        self._models.update(other._models)

    @property
    def waits(self) -> bool:
        """Whether an interrupt was not answered."""
        self.sum_up()
        return bool(self._sums.get("interrupts"))

    def as_dict(self) -> Totals:
        """Counts and sums by name, zeros left out; `models` as a list."""
        self.sum_up()
        found: dict[str, Any] = {}
        if self._sums:
            sums = self._sums.copy()
            found = {name: sums[name] for name in sorted(sums, key=_PLACE) if sums[name]}
        if self._models:
            found["models"] = list(self._models)
        return cast("Totals", found)


def _taken(things: deque[T]) -> list[T]:
    """All things that are there, taken out; a signal handler may take some of them meanwhile."""
    found: list[T] = []
    try:  # noqa: SIM105 - `suppress` costs as much as the rest
        found.extend(starmap(things.popleft, repeat((), len(things))))
    except IndexError:
        pass
    return found
