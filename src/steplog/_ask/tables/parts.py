"""The rows of one file that questions are answered from: a step's lines in one row, with which nothing is to be gathered later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._ask.tables.columns import BASE, NEEDS, TOKENS, literal, not_a_pattern, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_READ: Final = {**BASE, **{name: type_ for need in NEEDS.values() for name, type_ in need.items()}}
_OF_RUNS: Final = tuple(NEEDS["runs"])
# Totals are few, and a struct with a list in it is dear to write.
_AS_JSON: Final = {"totals": "JSON"}
_TOLD_FIRST: Final = ("parent", "node", "provider", "cached", "finish_reason", "attempt", "call_id")
_TOLD_LAST: Final = ("name", "model")
SUMMARY: Final = "summary"
"""What stands in `ev` of the row that says what the file is, as JSON in `value`."""
TOTALS: Final = _READ["totals"]

_IS_BAD: Final = (
    "ev IS NULL OR seq IS NULL OR ts IS NULL OR (run IS NULL AND NOT starts_with(ev, 'log.')) "
    "OR NOT seq BETWEEN 0 AND 1000000000000"
)
_IS_START: Final = "right(ev, 6) = '.start'"
_IS_POINT: Final = "right(ev, 6) = '.point'"
# `superseded`: another start or end of the same step counts. Where a file has such lines is known when it was read.
_NONE_SUPERSEDED: Final = "SELECT *, false AS superseded FROM lines_of_file"
_SUPERSEDED: Final = """
    SELECT *, step IS NOT NULL AND NOT bad AND row_number() OVER (
        PARTITION BY source, run, step, ev ORDER BY CASE WHEN NOT ended THEN 0 WHEN implied THEN 2 ELSE 1 END,
            CASE WHEN ended AND implied IS NOT TRUE THEN -seq ELSE seq END
    ) > 1 AS superseded FROM lines_of_file
"""
_STEPS: Final = f"""
    SELECT coalesce(s.source, e.source, m.source) AS source, coalesce(s.run, e.run, m.run) AS run, coalesce(s.step, e.step, m.step) AS step,
        s.seq AS first, e.seq AS last, m.seq AS more, coalesce(s.ts, m.ts) AS started, e.ts AS ended_ts, m.ts AS more_ts,
        coalesce(s.ev, e.ev, m.ev) AS ev,
        {", ".join(f"coalesce(s.{name}, e.{name}) AS {name}" for name in _TOLD_FIRST)},
        {", ".join(f"coalesce(e.{name}, s.{name}) AS {name}" for name in _TOLD_LAST)},
        e.status, e.ms, coalesce(e.ttft_ms, s.ttft_ms, m.ttft_ms) AS ttft_ms, s.attempt AS attempt_start,
        {", ".join(f"CASE WHEN e.cached THEN NULL ELSE e.usage.{name} END AS {name}" for name in TOKENS)},
        e.error.type AS error_type, e.error.message AS error_message, e.error.step AS error_step
    FROM (FROM told WHERE kind_of_line = 1) AS s
        FULL JOIN (FROM told WHERE kind_of_line = 2) AS e ON s.run = e.run AND s.step = e.step AND s.source = e.source
        FULL JOIN (FROM told WHERE kind_of_line = 3) AS m
            ON coalesce(s.run, e.run) = m.run AND coalesce(s.step, e.step) = m.step AND coalesce(s.source, e.source) = m.source
"""
_REST: Final = f"""
    SELECT source, run, step, seq AS first, ts AS started, CASE WHEN ended THEN ts END AS ended_ts, ev, parent, name, node, w, status, ms,
        attempt, ttft_ms, model, provider, cached, finish_reason, call_id,
        {", ".join(f"CASE WHEN cached THEN NULL ELSE usage.{name} END AS {name}" for name in TOKENS)}, error.type AS error_type, error.message AS error_message, error.step AS error_step,
        {", ".join(quoted(name) for name in (*NEEDS["points"], *_OF_RUNS))}
    FROM told WHERE kind_of_line = 4
"""
_SUM: Final = f"""
    SELECT source, '{SUMMARY}' AS ev, to_json({{
        lines: count(*) FILTER (NOT bad AND NOT superseded), bad: count(*) FILTER (bad),
        superseded: count(*) FILTER (superseded), low: min(seq) FILTER (NOT bad), high: max(seq) FILTER (NOT bad),
        mixed: bit_xor(hash(seq)) FILTER (NOT bad)::VARCHAR, w: min(w), other_w: max(w),
        openings: count(*) FILTER (ev = 'log.open'), closes: arg_max(ev, seq) FILTER (NOT bad) = 'log.close'
    }}) AS value FROM told GROUP BY source
"""


def parts_of(files: Sequence[Path], longest: int, *, is_superseded: bool = False) -> str:
    """The SELECT that gives the rows of files, whose lines are at most `longest` bytes: their steps, all other lines, and a summary.

    `source` is which of the files each is of, from 0.
    """
    typed = ", ".join(f"{quoted(name)}: '{type_}'" for name, type_ in {**_READ, **_AS_JSON}.items())
    paths = ", ".join(literal(not_a_pattern(str(file))) for file in files)
    names = ", ".join(literal(str(file)) for file in files)
    numbered = f"JOIN (SELECT unnest([{names}]) AS filename, unnest(range({len(files)}))::INTEGER AS source) USING (filename)"
    source, several = ("", numbered) if len(files) > 1 else ("0::INTEGER AS source, ", "")
    return f"""
    WITH lines_of_file AS (
        SELECT * EXCLUDE (filename), {source}right(ev, 4) = '.end' AS ended, ({_IS_BAD}) IS NOT FALSE AS bad
        FROM read_json([{paths}], format='newline_delimited', columns={{{typed}}}, ignore_errors=true,
            maximum_object_size={longest}, filename=true) {several}
    ),
    judged AS ({_SUPERSEDED if is_superseded else _NONE_SUPERSEDED}),
    told AS MATERIALIZED (
        SELECT *, CASE WHEN bad OR superseded THEN 0 WHEN step IS NULL OR run IS NULL OR {_IS_POINT} THEN 4
            WHEN {_IS_START} THEN 1 WHEN ended THEN 2 ELSE 3 END AS kind_of_line FROM judged
    )
    {_STEPS} UNION ALL BY NAME {_REST} UNION ALL BY NAME {_SUM}
    """


def summary_of(parts: str) -> str:
    """The SELECT of what must hold of each file's rows: the summary, how many lines are in them, and steps that have several rows."""
    return f"""
    SELECT source, any_value(value) FILTER (ev = '{SUMMARY}'),
        coalesce(sum((first IS NOT NULL)::INTEGER + (last IS NOT NULL)::INTEGER + (more IS NOT NULL)::INTEGER)
            FILTER (ev <> '{SUMMARY}'), 0)::BIGINT,
        count(*) FILTER (step IS NOT NULL AND run IS NOT NULL)
            - count(DISTINCT hash(run, step)) FILTER (step IS NOT NULL AND run IS NOT NULL)
    FROM read_parquet({parts}) GROUP BY source
    """


def loose_in(parts: str) -> str:
    """The SELECT of the runs that do not both begin and end in a file, and whether they do one of these twice there."""
    return f"""
    SELECT source, run, starts > 1 OR ends > 1 FROM (
        SELECT source, run, count(*) FILTER (ev = 'run.start') AS starts, count(*) FILTER (ev = 'run.end') AS ends
        FROM read_parquet({parts}) WHERE run IS NOT NULL GROUP BY source, run
    ) WHERE starts <> 1 OR ends <> 1
    """


def ranges_in(parts: str, source: int) -> str:
    """The SELECT of the ranges of line numbers in a file that has gaps, and how many of them stand there more than once."""
    numbers = " UNION ALL ".join(
        f"SELECT {name} AS seq FROM read_parquet({parts}) WHERE {name} IS NOT NULL AND ev <> '{SUMMARY}' AND source = {source}"
        for name in ("first", "last", "more")
    )
    return f"""
    SELECT min(seq), max(seq), count(*) - count(DISTINCT seq) FROM (
        SELECT seq, seq - dense_rank() OVER (ORDER BY seq) AS island FROM ({numbers})
    ) GROUP BY island ORDER BY 1
    """


def are_even() -> str:
    """The SELECT of what line numbers come to, each once, with which a summary's `mixed` says whether they are so in a file.

    Its values are lists: sources, and of each the lowest and the highest number.
    """
    return """
    SELECT source, bit_xor(hash(seq))::VARCHAR FROM (
        SELECT source, unnest(range(low, high + 1)) AS seq FROM (
            SELECT unnest(?::INTEGER[]) AS source, unnest(?::BIGINT[]) AS low, unnest(?::BIGINT[]) AS high
        )
    ) GROUP BY source
    """
