"""How often each model, tool and node of a run was called, how long that took: small enough to be kept for every run.

For a file of a few runs each duration is kept, so that its percentiles are those of `steplog stats`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._format.record import Record

_MOST: Final = 60  # names of one run
_PER_DOUBLING: Final = (
    4  # buckets of durations: each a fourth of a doubling, which is exact enough for percentiles
)


@dataclass(slots=True)
class Calls:
    """Sums by `"kind name"`; `exact`: with each duration, else with how many lie in each bucket."""

    exact: bool = False
    by_name: dict[str, dict[str, Any]] = field(default_factory=dict[str, "dict[str, Any]"])

    def note(self, name: str, record: Record, *, is_failed: bool, cost: float | None) -> None:
        """Takes a call's end line."""
        sums = self.by_name.get(name)
        if sums is None:
            if len(self.by_name) >= _MOST and not self.exact:
                name = f"{name.partition(' ')[0]} (others)"
            sums = self.by_name.setdefault(name, {"n": 0})
        sums["n"] += 1
        if is_failed:
            _add(sums, "errors", 1)
        if cost is not None:
            _add(sums, "cost", cost)
        usage = record.get("usage")
        if isinstance(usage, dict) and not record.get("cached"):
            _add(sums, "input", usage.get("input_tokens"))
            _add(sums, "output", usage.get("output_tokens"))
        _add(sums, "ms", record.get("ms"))
        count = _list if self.exact else _count
        count(sums, "took", record.get("ms"))
        count(sums, "first", record.get("ttft_ms"))

    def told(self, in_flight: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
        """The sums as the page is given them, with the calls that have no end."""
        found = {name: _told(sums) for name, sums in self.by_name.items()}
        for name in in_flight:
            sums = found.setdefault(name, {"n": 0})
            sums["n"] += 1
        return found


def _told(sums: dict[str, Any]) -> dict[str, Any]:
    told = {**sums, "ms": round(sums["ms"], 3)} if "ms" in sums else dict(sums)
    for name in ("took", "first"):
        if isinstance(told.get(name), dict):
            told[name] = {str(bucket): n for bucket, n in told[name].items()}
    return told


def _add(sums: dict[str, Any], name: str, amount: object) -> None:
    if isinstance(amount, int | float) and amount:
        sums[name] = sums.get(name, 0) + amount


def _list(sums: dict[str, Any], name: str, ms: object) -> None:
    if isinstance(ms, int | float) and ms >= 0:
        sums.setdefault(name, []).append(ms)


def _count(sums: dict[str, Any], name: str, ms: object) -> None:
    if not isinstance(ms, int | float) or ms < 0:
        return
    bucket = math.floor(math.log2(max(ms, 0.001)) * _PER_DOUBLING)
    buckets = sums.setdefault(name, {})
    buckets[bucket] = buckets.get(bucket, 0) + 1
