"""What each run of a log cost, where many are asked: added up by DuckDB at once, and not run by run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._ask.counting import gather
from steplog._ask.spending import cost_of, spend
from steplog._ask.tables.database import database
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from steplog._read.log import Log
    from steplog._read.runs.run import Run

_MANY: Final = 300  # runs, from which on reading them one by one takes longer than DuckDB takes to start


def costs_of_runs(log: Log, *, many: int = _MANY) -> Callable[[Run], Decimal | None]:
    """What gives a run's cost in US dollars, None where nothing in it has a price.

    A log of fewer than `many` runs is read run by run, and so is one of any size without DuckDB.
    """
    if len(log.runs) < many:
        return cost_of
    try:
        with database(log, []) as held:
            gather(held, [], "calls")
            costs = {key: each.known for key, each in spend(held, ["run", "nth"]).items()}
    except LogError:
        return cost_of
    # Where a program used an id again, which of its runs is meant is told by the run itself.
    reused = {run for run, nth in costs if nth > 1}

    def cost(run: Run) -> Decimal | None:
        return cost_of(run) if run.id in reused else costs.get((run.id, 1))

    return cost
