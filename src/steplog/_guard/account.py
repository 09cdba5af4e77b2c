"""What the runs of one budget have used so far, as their recorder counts it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from steplog._ask.prices import price_of
from steplog._ask.said import Usage
from steplog._guard.limits import Spent
from steplog._write.disk.clock import now_ns
from steplog._write.guard import complain
from steplog._write.steps.states import RunState, StepState

_SECOND: Final = 1_000_000_000
_USAGE: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


class Account:
    """Adds up the runs that share a budget: those that are open, and those that are over."""

    def __init__(self, *, priced: bool) -> None:
        """Nothing used; `priced`: whether the cost is wanted."""
        self._priced = priced
        self._lock = threading.Lock()
        self._open: dict[
            str, tuple[RunState, int]
        ] = {}  # with when they began; 0 for those in the time of another
        self._past = Spent()
        self._cost = 0.0
        self._providers: dict[StepState, object] = {}
        self.runs: set[str] = set()
        self.own_points = 0  # what the guard itself has put into the log is no step of the run

    @property
    def is_idle(self) -> bool:
        """Whether all its runs are over."""
        return not self._open

    def opens(self, run: RunState, *, is_inside: bool) -> None:
        """A run begins."""
        self._open[run.hex] = run, 0 if is_inside else now_ns()
        self.runs.add(run.hex)

    def adds(self, spent: Spent) -> None:
        """What was used elsewhere counts, too."""
        with self._lock:
            self._past += spent

    def closes(self, run: RunState) -> None:
        """A run is over: only its sums are kept."""
        found = self._open.pop(run.hex, None)
        if found is not None:
            self.adds(_so_far(*found))

    def spent(self) -> Spent:
        """What was used up to now."""
        total = self._past + Spent(cost=self._cost, steps=-self.own_points)
        for run, began in tuple(self._open.values()):
            total += _so_far(run, began)
        return total

    # -- cost, call by call, as a price goes by the call's model and time

    def call_begins(self, step: StepState, fields: Mapping[str, Any]) -> None:
        """A model is called."""
        if self._priced:
            self._providers[step] = fields.get("provider")

    def call_ends(self, step: StepState, record: Mapping[str, Any]) -> None:
        """A model has answered, with this line."""
        if not self._priced:
            return
        provider = self._providers.pop(step, None)
        usage = record.get("usage")
        if "cached" in record or not isinstance(usage, Mapping):
            return
        model = str(record.get("model") or step.model or "")
        counts = (value if isinstance(value := usage.get(name), int) else 0 for name in _USAGE)
        price = price_of(
            Usage(*counts), model, provider if isinstance(provider, str) else "", datetime.now(UTC)
        )
        if isinstance(price, str):
            complain(
                f"guard price {model}",
                f"guard: max_cost does not see the calls of {model or 'a model'}: {price}",
            )
            return
        with self._lock:
            self._cost += float(price)


def _so_far(run: RunState, began: int) -> Spent:
    totals: Mapping[str, Any] = run.totals.as_dict()
    tokens = totals.get("input_tokens", 0) + totals.get("output_tokens", 0)
    return Spent(tokens, 0.0, totals.get("steps", 0), (now_ns() - began) / _SECOND if began else 0.0)
