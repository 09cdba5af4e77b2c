"""The runs of a log as rows of a table, with what they add up to."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.find import find
from steplog._ask.query import Query, QueryError
from steplog._ask.run_costs import costs_of_runs
from steplog._ask.spending import cost_of
from steplog._ask.waste import Waste, waste
from steplog._read.errors import LogError
from steplog._show.usage import untold_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from steplog._read.log import Log
    from steplog._read.runs.run import Run

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_COUNTS: Final = (
    "steps", "llm_calls", "tool_calls", "errors", "retries", "interrupts", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
)  # fmt: skip
_MOST_LOOKED_AT: Final = 100
STARTED: Final = "started"
_MOST_STEPS_LOOKED_AT: Final = 20_000
COST: Final = "cost"
WASTE: Final = "waste"


@dataclass(frozen=True, slots=True)
class Row:
    """One run of a listing: the run, and where they were asked for its cost in US dollars (None: no price) and its waste.

    `untold` is how many of its model calls told no usage, None where nobody looked.
    """

    run: Run
    cost: Decimal | None = None
    waste: tuple[Waste, ...] = ()
    untold: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What a listing says of the run; absent what is unknown."""
        run = self.run
        found: dict[str, Any] = {
            "id": run.id,
            "uuid": run.uuid,
            "name": run.name,
            "framework": run.framework,
            "status": run.status,
            "started": run.started.isoformat().replace("+00:00", "Z") if run.started else None,
            "ms": run.ms,
            "thread": run.thread,
            "resumes": run.resumes,
            "parent_run": run.parent_run,
            "parent_step": run.parent_step,
            "totals": dict(run.totals),
            "cost": None if self.cost is None else float(self.cost),
            "labels": list(run.labels),
            "waste": [each.as_json() for each in self.waste],
            "file": str(run.file),
        }
        if self.untold:
            found["calls_without_usage"] = self.untold
        return {name: value for name, value in found.items() if value not in (None, "", [])}


@dataclass(frozen=True, slots=True)
class Sums:
    """What the runs of a listing add up to: counts by the names of `Run.totals`, milliseconds, and US dollars if asked for.

    `untold` is how many model calls told no usage, as far as the runs were looked into.
    """

    runs: int
    counts: dict[str, int]
    ms: float
    cost: Decimal | None
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """Runs and their sums."""

    rows: tuple[Row, ...]
    sums: Sums

    def as_json(self) -> list[dict[str, Any]]:
        """The runs as plain JSON."""
        return [row.as_json() for row in self.rows]


def _started(row: Row) -> Any:
    return row.run.started or _LONG_AGO


def _count(name: str) -> Callable[[Row], Any]:
    def key(row: Row) -> Any:
        value = row.run.totals.get(name)
        return value if isinstance(value, int) else 0

    return key


SORTS: Final[dict[str, Callable[[Row], Any]]] = {
    STARTED: _started,
    "name": lambda row: row.run.name,
    "status": lambda row: row.run.status,
    "thread": lambda row: row.run.thread,
    "time": lambda row: row.run.ms or 0,
    "steps": _count("steps"),
    "llm": _count("llm_calls"),
    "tool": _count("tool_calls"),
    "errors": _count("errors"),
    "in": _count("input_tokens"),
    "out": _count("output_tokens"),
    "cost": lambda row: row.cost or 0,
}
"""What a listing can be sorted by."""


def listing(
    log: Log,
    query: Query = Query(),  # noqa: B008 - frozen
    *,
    sort: str = STARTED,
    limit: int | None = None,
    also: Collection[str] = (),
) -> Listing:
    """The runs that the query asks for, the newest last, or sorted by `sort` with the largest last; the last `limit` of them.

    `also` may have `cost` and `waste`, which need each run's content. Raises: QueryError for an unknown `sort`.
    """
    key = SORTS.get(sort)
    if key is None:
        raise QueryError(f"nothing can be sorted by {sort!r}: there are {', '.join(SORTS)}")
    if limit and sort == STARTED:
        # From the end, so that the newest few of a large log cost no more than themselves.
        rows: Iterable[Row] = (Row(run) for run in islice(find(log, query, newest_first=True), limit))
    else:
        rows = (Row(run) for run in find(log, query))
    if sort == COST:
        costs = costs_of_runs(log)
        rows = [replace(row, cost=costs(row.run)) for row in rows]
    chosen = sorted(rows, key=key)[-(limit or 0) :]
    looked = [_looked_at(row, also, known=sort == COST) for row in chosen]
    return Listing(tuple(looked), _sums(looked, with_cost=COST in also or sort == COST))


def is_short(limit: int | None, log: Log) -> bool:
    """Whether a listing is short enough, and so are its runs, to look into each run unasked."""
    if (limit or _MOST_LOOKED_AT + 1) > _MOST_LOOKED_AT and len(log.runs) > _MOST_LOOKED_AT:
        return False
    return sum(_count("steps")(Row(run)) for run in log.runs[-(limit or 0) :]) <= _MOST_STEPS_LOOKED_AT


def _looked_at(row: Row, also: Collection[str], *, known: bool) -> Row:
    # A copy, with which what was read of the run goes.
    run = copy(row.run)
    try:
        return replace(
            row,
            cost=cost_of(run) if COST in also and not known else row.cost,
            waste=waste(run) if WASTE in also else (),
            untold=untold_calls(run.steps) if WASTE in also else None,
        )
    except LogError:
        return row  # its file is gone: what was read of it stays


def _sums(rows: Collection[Row], *, with_cost: bool) -> Sums:
    counts: dict[str, int] = dict.fromkeys(_COUNTS, 0)
    for row in rows:
        totals = row.run.totals
        for name in _COUNTS:
            value = totals.get(name)
            counts[name] += value if isinstance(value, int) else 0
    costs = [row.cost for row in rows if row.cost is not None]
    return Sums(
        len(rows),
        counts,
        sum(row.run.ms or 0 for row in rows),
        sum(costs, Decimal(0)) if with_cost and costs else None,
        sum(row.untold or 0 for row in rows),
    )
