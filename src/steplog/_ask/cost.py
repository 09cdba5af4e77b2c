"""What the calls of a log cost, by the date of each call."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from steplog._ask.stats import Figures, Stats, stats

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from steplog._ask.spending import Unpriced
    from steplog._read.log import Log


@dataclass(frozen=True, slots=True)
class Costs:
    """US dollars by group, the dearest first, and in all.

    `unpriced` names the model calls that have no price and why; they are in no sum. `sources` says where the prices are
    from, with the version of the price data. `notes` are what to know about the log, in sentences.
    """

    by: tuple[str, ...]
    groups: tuple[Figures, ...]
    total: Figures
    unpriced: tuple[Unpriced, ...]
    sources: tuple[str, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON, costs as numbers."""
        return {
            "by": list(self.by),
            "groups": [_spent(group, self.by) for group in self.groups],
            "total": _spent(self.total, ()),
            "unpriced": [asdict(each) for each in self.unpriced],
            "price_sources": list(self.sources),
            "notes": list(self.notes),
        }


def cost(log: Log, by: Sequence[str] = ("model",), *, runs: Collection[str] | None = None) -> Costs:
    """What the log's model calls cost, grouped as `stats` groups; with `runs` only those of runs of these ids.

    Prices are those of the day of each call: the project's own (`[tool.steplog.prices]` in pyproject.toml), else those of
    genai-prices. Raises: QueryError for an unknown `by`; PriceError for own prices that cannot be used; LogError without
    DuckDB.
    """
    return costs_of(stats(log, by, runs=runs, ranked=0))


def costs_of(found: Stats) -> Costs:
    """What of these figures is money."""
    return Costs(found.by, found.groups, found.total, found.unpriced, found.sources, found.notes)


def _spent(figures: Figures, by: Sequence[str]) -> dict[str, Any]:
    found = figures.as_json(by)
    return {name: value for name, value in found.items() if name not in ("ms", "ttft_ms", "errors", "calls")}
