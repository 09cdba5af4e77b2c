"""Four tables that every view is made of: a row for each step, for each run, for each point, for each opening of a log.

They are made of the lines, where a log is read line by line (and on Spark), or of the rows of its files, where these are there.
"""

from __future__ import annotations

from typing import Final

from steplog._ask.tables.columns import NEEDS, TOKENS, quoted
from steplog._ask.tables.parts import TOTALS

_USED: Final = ", ".join(
    f"any_value(CASE WHEN cached THEN NULL ELSE usage.{name} END) AS {name}" for name in TOKENS
)
_OF_START: Final = ("id", "framework", "thread", "resumes", "parent_run", "parent_step", "tags", "metadata")
_OF_POINT: Final = ", ".join(quoted(name) for name in NEEDS["points"])

_STEPS_OF_LINES: Final = f"""
    SELECT run, nth, step, any_value(parent) AS parent, split_part(any_value(ev), '.', 1) AS kind,
        coalesce(any_value(name) FILTER (ended), any_value(name)) AS name, any_value(node) AS node,
        bool_or(ended) AS has_end, bool_or(ends_with(ev, '.point')) AS is_point,
        any_value(status) FILTER (ended) AS status, min(ts) FILTER (NOT ended) AS started, any_value(ts) FILTER (ended) AS ended_ts,
        any_value(ms) FILTER (ended) AS ms, coalesce(any_value(ttft_ms) FILTER (ended), any_value(ttft_ms)) AS ttft_ms,
        coalesce(any_value(model) FILTER (ended), any_value(model)) AS model, any_value(provider) AS provider,
        {_USED}, any_value(cached) AS cached, any_value(finish_reason) AS finish_reason,
        any_value(error.type) FILTER (ended) AS error_type, any_value(error.message) FILTER (ended) AS error_message,
        any_value(error.step) FILTER (ended) AS error_step, any_value(attempt) AS attempt,
        any_value(attempt) FILTER (ends_with(ev, '.start')) AS attempt_start, any_value(call_id) AS call_id
    FROM lines WHERE step IS NOT NULL AND run IS NOT NULL GROUP BY run, nth, step
"""
_RUNS_OF_LINES: Final = f"""
    WITH seen AS (
        SELECT run, nth, min(ts) AS first_ts, max(ts) AS last_ts, arg_min(file, place) AS file,
            arg_min(coalesce(lines.w, writers.w), place) AS w
        FROM lines JOIN writers USING (file) WHERE run IS NOT NULL GROUP BY run, nth
    ),
    begun AS (SELECT * FROM lines WHERE ev = 'run.start'),
    over AS (SELECT * FROM lines WHERE ev = 'run.end')
    SELECT run, nth, {", ".join(f"begun.{name}" for name in ("name", *_OF_START))}, begun.ts AS started,
        over.ev IS NOT NULL AS has_end, over.ts AS ended_ts, over.status, over.ms, over.totals, over.error.type AS error_type,
        over.error.message AS error_message, over.error.step AS error_step, seen.first_ts, seen.last_ts, seen.file, seen.w
    FROM seen LEFT JOIN begun USING (run, nth) LEFT JOIN over USING (run, nth)
"""
_POINTS_OF_LINES: Final = f"""
    SELECT run, nth, step, parent, ev, name, ts, attempt, {_OF_POINT}, error.type AS error_type,
        error.message AS error_message, place
    FROM lines WHERE ends_with(ev, '.point')
"""
_OPENINGS_OF_LINES: Final = """
    SELECT coalesce(lines.w, writers.w) AS w, arg_max(host, place) AS host, arg_max(pid, place) AS pid
    FROM lines JOIN writers USING (file) WHERE ev = 'log.open' GROUP BY 1
"""
OF_LINES: Final[dict[str, str]] = {
    "gathered": _STEPS_OF_LINES,
    "gathered_runs": _RUNS_OF_LINES,
    "point_lines": _POINTS_OF_LINES,
    "opened": _OPENINGS_OF_LINES,
}
"""The tables as views over `lines` and `writers`."""

_STEP: Final = (
    "parent", "name", "node", "status", "started", "ended_ts", "ms", "ttft_ms", "model", "provider", *TOKENS, "cached",
    "finish_reason", "error_type", "error_message", "error_step", "attempt", "attempt_start", "call_id",
)  # fmt: skip
_OF_END: Final = frozenset({"name", "ttft_ms", "model"})
"""What the end says, where it says something."""
_ONLY_OF_END: Final = frozenset({"status", "ms", "error_type", "error_message", "error_step"})


def _told(name: str) -> str:
    return f"CASE WHEN last IS NOT NULL THEN {name} END AS {name}" if name in _ONLY_OF_END else name


def _merged(name: str) -> str:
    if name in _ONLY_OF_END:
        return f"any_value({name}) FILTER (last IS NOT NULL) AS {name}"
    told = ("last", "first") if name in _OF_END else ("first", "last")
    values = ", ".join(f"any_value({name}) FILTER ({line} IS NOT NULL)" for line in told)
    return f"coalesce({values}, any_value({name})) AS {name}"


_STEPS_OF_PARTS: Final = f"""
    SELECT run, 1::INTEGER AS nth, step, split_part(ev, '.', 1) AS kind, last IS NOT NULL AS has_end,
        right(ev, 6) = '.point' AS is_point, {", ".join(map(_told, _STEP))}
    FROM parts WHERE step IS NOT NULL AND run IS NOT NULL AND run NOT IN (SELECT run FROM loose)
"""
# What stands in several files: each has the start, the end, or neither of a step.
_LOOSE_STEPS: Final = f"""
    SELECT run, 1::INTEGER AS nth, step, split_part(coalesce(any_value(ev) FILTER (first IS NOT NULL), any_value(ev)), '.', 1) AS kind,
        bool_or(last IS NOT NULL) AS has_end, bool_or(right(ev, 6) = '.point') AS is_point, {", ".join(map(_merged, _STEP))}
    FROM loose_parts WHERE step IS NOT NULL GROUP BY run, step
"""
_TOTALS: Final = "from_json(over.totals, '{}')".format(
    "{"
    + ", ".join(
        '"{}": {}'.format(name, '["VARCHAR"]' if type_.endswith("[]") else f'"{type_}"')
        for name, type_ in (
            field.split(" ") for field in TOTALS.removeprefix("STRUCT(").removesuffix(")").split(", ")
        )
    )
    + "}"
)
_RUN: Final = f"""
    {", ".join(f"begun.{name}" for name in ("name", *_OF_START))}, begun.started, over.run IS NOT NULL AS has_end,
    over.ended_ts, over.status, over.ms, {_TOTALS} AS totals, over.error_type, over.error_message, over.error_step
"""
_RUNS_OF_PARTS: Final = f"""
    SELECT begun.run, 1::INTEGER AS nth, {_RUN}, begun.started AS first_ts, over.ended_ts AS last_ts, part_files.file, part_files.w
    FROM (FROM parts WHERE ev = 'run.start') AS begun JOIN (FROM parts WHERE ev = 'run.end') AS over ON begun.run = over.run
        JOIN part_files ON part_files.rows = begun.filename AND part_files.source = begun.source
    WHERE begun.run NOT IN (SELECT run FROM loose)
"""
_LOOSE_RUNS: Final = f"""
    SELECT seen.run, 1::INTEGER AS nth, {_RUN}, seen.first_ts, seen.last_ts, seen.file, seen.w
    FROM (
        SELECT run, min(least(started, ended_ts, more_ts)) AS first_ts, max(greatest(started, ended_ts, more_ts)) AS last_ts,
            arg_min(file, place) AS file, arg_min(w, place) AS w
        FROM loose_parts GROUP BY run
    ) AS seen LEFT JOIN (FROM loose_parts WHERE ev = 'run.start') AS begun ON begun.run = seen.run
        LEFT JOIN (FROM loose_parts WHERE ev = 'run.end') AS over ON over.run = seen.run
"""
_POINTS_OF_PARTS: Final = f"""
    SELECT run, 1::INTEGER AS nth, step, parent, ev, name, started AS ts, attempt, {_OF_POINT}, error_type, error_message,
        file_at * 1000000000000 + first AS place
    FROM parts JOIN part_files ON part_files.rows = parts.filename AND part_files.source = parts.source
    WHERE right(ev, 6) = '.point'
"""
LOOSE_PARTS: Final = """
    SELECT parts.* REPLACE (part_files.w AS w), part_files.file, file_at * 1000000000000 + least(first, last, more) AS place
    FROM parts JOIN part_files ON part_files.rows = parts.filename AND part_files.source = parts.source
    WHERE run IN (SELECT run FROM loose)
"""
"""The rows of runs that do not begin and end in one file, as a table, with the place of each in the log."""
REPEATED_PARTS: Final = """
    SELECT run FROM loose_parts WHERE step IS NOT NULL GROUP BY run, step
    HAVING count(first) > 1 OR count(last) > 1 OR count(DISTINCT right(ev, 6) = '.point') > 1
    UNION ALL SELECT run FROM parts WHERE ev = 'run.start' GROUP BY run HAVING count(*) > 1
    UNION ALL SELECT run FROM parts WHERE ev = 'run.end' GROUP BY run HAVING count(*) > 1
"""
"""The runs that have a line several times, whatever file it is in: these the lines have to tell."""
OF_PARTS: Final[dict[str, str]] = {
    "gathered": _STEPS_OF_PARTS,
    "gathered_runs": _RUNS_OF_PARTS,
    "point_lines": _POINTS_OF_PARTS,
    "opened": "SELECT w, arg_max(host, first) AS host, arg_max(pid, first) AS pid FROM parts WHERE ev = 'log.open' GROUP BY w",
}
"""The tables as views over `parts`, which has the rows of all files, and `part_files`."""
OF_LOOSE_PARTS: Final[dict[str, str]] = {"gathered": _LOOSE_STEPS, "gathered_runs": _LOOSE_RUNS}
"""What is added to them for the runs in `loose`."""
