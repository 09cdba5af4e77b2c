"""What the view of runs says a run adds up to, and how it stands: in SQL what `Run.totals` and `Run.status` say."""

from __future__ import annotations

from typing import Final

from steplog._ask.tables.columns import COUNTS, TOKENS
from steplog._format.record import CALLS

_CALLS: Final = tuple(sorted(CALLS))
# As `Run.totals` adds up: every step once, tokens of calls that no cache answered, errors where they began.
COUNTED: Final = f"""
    SELECT run, nth, count(*) AS steps, count(*) FILTER (kind = 'llm') AS llm_calls,
        count(*) FILTER (kind = 'tool') AS tool_calls,
        count(*) FILTER (status = 'error' AND error_step IS NULL) AS errors,
        count(*) FILTER (kind = 'retry') + count(*) FILTER (attempt_start > 1) AS retries,
        {", ".join(f"sum({name}) FILTER (kind IN {_CALLS}) AS {name}" for name in TOKENS)},
        list(DISTINCT model ORDER BY model) FILTER (kind = 'llm' AND model IS NOT NULL) AS models
    FROM gathered GROUP BY run, nth
"""
# The questions that nothing within the run has answered: an answer takes one away, and none that was not asked.
WAITING: Final = """
    SELECT run, nth, arg_max(waiting, place) - least(0, min(waiting)) AS interrupts FROM (
        SELECT run, nth, place, sum(CASE WHEN starts_with(ev, 'interrupt.') THEN 1 ELSE -1 END)
            OVER (PARTITION BY run, nth ORDER BY place) AS waiting
        FROM point_lines WHERE (starts_with(ev, 'interrupt.') OR starts_with(ev, 'resume.')) AND step IS NOT NULL AND run IS NOT NULL
    ) GROUP BY run, nth
"""
_OF_RUN: Final = (
    " + (over.has_end AND coalesce(over.status, '') = 'error' AND over.error_step IS NULL)::INTEGER"
)
# What a person is waited for is no end, however its stream was left.
STATUS: Final = """
    CASE WHEN NOT over.has_end THEN open_runs.status
         WHEN coalesce(over.status, '') IN ('', 'abandoned', 'cancelled') AND over.totals.interrupts > 0 THEN 'interrupted'
         ELSE coalesce(nullif(over.status, ''), 'ok') END
"""


def _sum(name: str) -> str:
    """The greater of what the steps add up to and what the run's end says: lines of steps may be lost, or come behind it."""
    table = "waiting" if name == "interrupts" else "counted"
    steps = f"coalesce(TRY_CAST({table}.{name} AS BIGINT), 0){_OF_RUN if name == 'errors' else ''}"
    return f"greatest({steps}, coalesce(over.totals.{name}, 0)) AS {name}"


SUMS: Final = ", ".join(map(_sum, (*COUNTS, *TOKENS)))
MODELS: Final = """
    nullif(list_sort(list_distinct(list_concat(coalesce(counted.models, []), coalesce(over.totals.models, [])))), []) AS models
"""
