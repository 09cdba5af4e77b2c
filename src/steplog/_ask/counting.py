"""The steps that figures count, each with its group: the table `counted`, of which sums and prices are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._ask.dimensions import CALL_KINDS
from steplog._ask.tables.columns import TOKENS
from steplog._ask.tables.views import steps_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._ask.dimensions import Dimension
    from steplog._ask.tables.database import Database

_FACTS_OF_VIEW: Final = "SELECT run, nth, name, started, ms, thread, status, metadata FROM runs"
# The same for who asks for less: the view has to know more of each run.
_FACTS_OF_RUNS: Final = """
    SELECT run, nth, name, coalesce(started, first_ts) AS started,
        coalesce(ms, epoch_us(last_ts - coalesce(started, first_ts)) / 1000) AS ms FROM gathered_runs
"""
# The agent and the node that each step runs in, from the run downwards. A step has one parent, so that a circle in a damaged
# log hangs on nothing and is not reached.
_PLACES: Final = """
    WITH RECURSIVE tree AS (
        SELECT run, nth, step, parent, kind, name, node FROM gathered
    ),
    placed AS (
        SELECT run, nth, step, CASE kind WHEN 'agent' THEN name END AS agent,
            coalesce(node, CASE kind WHEN 'node' THEN name END) AS node
        FROM tree WHERE NOT EXISTS (
            SELECT 1 FROM tree AS above WHERE above.run = tree.run AND above.nth = tree.nth AND above.step = tree.parent
        )
        UNION ALL
        SELECT tree.run, tree.nth, tree.step,
            CASE tree.kind WHEN 'agent' THEN tree.name ELSE placed.agent END,
            coalesce(tree.node, CASE tree.kind WHEN 'node' THEN tree.name ELSE placed.node END)
        FROM tree JOIN placed ON tree.run = placed.run AND tree.nth = placed.nth AND tree.parent = placed.step
    )
    SELECT * FROM placed
"""

_VERSIONED: Final = "LEFT JOIN agent_versions AS v USING (run, nth, step)"
_LABELLED: Final = (
    "LEFT JOIN (SELECT DISTINCT run, label FROM notes WHERE label IS NOT NULL) AS l ON l.run = r.run"
)


def gather(held: Database, chosen: Sequence[Dimension], of: str, *, again: bool = False) -> None:
    """Makes the tables `facts` (one row a run) and `counted` (one row a step that counts, its group in g0, g1 …).

    Where figures are `of` runs, each run has a row too, for its duration. A run with several labels has rows for each.
    `again`: the tables are there, and are made anew.
    """
    for table in ("facts", "places", "counted") if again else ():
        held.connection.execute(f"DROP TABLE IF EXISTS {table}")
    facts = _FACTS_OF_VIEW if any(each.needs_runs for each in chosen) else _FACTS_OF_RUNS
    held.connection.execute(f"CREATE TEMP TABLE facts AS {facts}")
    is_placed = any(each.needs_places for each in chosen)
    if is_placed:
        held.connection.execute(f"CREATE TEMP TABLE places AS {_PLACES}")
    versioned = _VERSIONED if any(each.needs_versions for each in chosen) else ""
    labelled = _LABELLED if any(each.needs_labels for each in chosen) else ""
    groups = "".join(f", {each.sql} AS g{at}" for at, each in enumerate(chosen))
    kinds = {kind for each in chosen for kind in each.kinds}
    only = f"kind IN ({', '.join(repr(kind) for kind in sorted(kinds))})" if kinds else "true"
    failed = "WHERE s.failed" if any(each.name == "error" for each in chosen) else ""
    held.connection.execute(f"""
        CREATE TEMP TABLE counted AS
        SELECT s.run, s.nth, s.kind, s.kind IN {CALL_KINDS} AS is_call, s.failed, s.status, s.ms, s.ttft_ms, s.started,
            s.model, s.provider, {", ".join(f"s.{name}" for name in TOKENS)}, s.cached{groups}
        FROM (SELECT *, status = 'error' AND error_step IS NULL AS failed FROM ({steps_sql(only, with_node=False)})) AS s
            JOIN facts AS r USING (run, nth) {labelled} {"LEFT JOIN places AS p USING (run, nth, step)" if is_placed else ""}
            {versioned}
        {failed}
    """)
    if of == "runs":
        held.connection.execute(f"""
            INSERT INTO counted BY NAME
            SELECT r.run, r.nth, 'run' AS kind, false AS is_call, false AS failed, r.ms{groups} FROM facts AS r {labelled}
        """)
