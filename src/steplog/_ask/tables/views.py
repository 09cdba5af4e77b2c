"""The views that a question may name, what their columns mean, and the SQL that makes them of the lines."""

from __future__ import annotations

from typing import Final, NamedTuple

from steplog._ask.tables.columns import COUNTS, TOKENS
from steplog._ask.tables.run_sums import COUNTED, MODELS, STATUS, SUMS, WAITING


class Column(NamedTuple):
    """One column of a view: its name, DuckDB's type, and what it means."""

    name: str
    type: str
    meaning: str


_RUN: Final = (
    Column("run", "VARCHAR", "the run's id, 16 hex digits"),
    Column(
        "nth",
        "INTEGER",
        "1; where a program used one id for several runs, which of them: join on run and nth",
    ),
)
_TOKEN_MEANINGS: Final = (
    "tokens read by models, those from caches included",
    "tokens written by models, reasoning included",
    "of the input: read from the provider's cache",
    "of the input: written to the provider's cache",
    "of the output: reasoning",
)
_TOKENS: Final = tuple(
    Column(name, "BIGINT", meaning) for name, meaning in zip(TOKENS, _TOKEN_MEANINGS, strict=True)
)
_STEP: Final = (
    *_RUN,
    Column("step", "BIGINT", "the step's number in its run"),
    Column("parent", "BIGINT", "the step it is part of; NULL: the run itself"),
)
_COURSE: Final = (
    Column(
        "node",
        "VARCHAR",
        "the node it ran in: its own name for a node, else the node right above it, or what its start names",
    ),
    Column(
        "status",
        "VARCHAR",
        "ok, error, cancelled, interrupted, abandoned, handoff; open: the log has no end of it",
    ),
    Column("started", "TIMESTAMP", "when it began, UTC; NULL if its start is not in the log"),
    Column("ms", "DOUBLE", "how long it took, milliseconds; NULL while open"),
)
_MODEL: Final = (
    Column("ttft_ms", "DOUBLE", "time to the first token of a streamed answer, milliseconds"),
    Column("model", "VARCHAR", "the model that answered"),
    Column("provider", "VARCHAR", "who runs the model"),
    *_TOKENS,
    Column(
        "cached",
        "BOOLEAN",
        "true: a cache of the framework gave the answer; nothing was used, the tokens are NULL",
    ),
    Column("finish_reason", "VARCHAR", "why the model stopped, in the provider's word"),
)
_FAILURE: Final = (
    Column("error_type", "VARCHAR", "the type of what it failed with"),
    Column("error_message", "VARCHAR", "and its message"),
    Column("error_step", "BIGINT", "the step in which the error began, where it only passed through here"),
    Column("attempt", "BIGINT", "which attempt it was, from the second on"),
    Column("call_id", "VARCHAR", "the id that the model gave the tool call"),
)
_KIND: Final = (
    Column(
        "kind",
        "VARCHAR",
        "llm, tool, retriever, embedding, rerank, agent, node, chain, retry, interrupt, resume, denied, custom",
    ),
    Column("name", "VARCHAR", "its name; of a model call without one, the model"),
)
_COUNT_MEANINGS: Final = (
    "steps",
    "model calls",
    "tool calls",
    "errors, each where it began",
    "retries",
    "questions to a human that nothing in the run answered",
)

VIEWS: Final[dict[str, tuple[Column, ...]]] = {
    "runs": (
        *_RUN,
        Column("uuid", "VARCHAR", "the whole id"),
        Column("name", "VARCHAR", "its name"),
        Column("framework", "VARCHAR", "langchain, langgraph, llama_index …"),
        Column("thread", "VARCHAR", "the conversation it belongs to"),
        Column("status", "VARCHAR", "ok, error, cancelled, interrupted, abandoned, handoff; without an end running, crashed, unfinished"),
        Column("started", "TIMESTAMP", "when it began, UTC"),
        Column("ms", "DOUBLE", "how long it took, milliseconds; without an end, up to its last line"),
        *(Column(name, "BIGINT", meaning) for name, meaning in zip(COUNTS, _COUNT_MEANINGS, strict=True)),
        *_TOKENS,
        Column("models", "VARCHAR[]", "the models it used"),
        Column("resumes", "VARCHAR", "the run that it goes on with"),
        Column("parent_run", "VARCHAR", "the run, of another framework or process, in which it ran"),
        Column("parent_step", "BIGINT", "and the step of that"),
        Column("tags", "JSON", "its tags, a list"),
        Column("metadata", "JSON", "its metadata: metadata->>'user'"),
        Column("host", "VARCHAR", "the machine it ran on"),
        Column("pid", "BIGINT", "and the process"),
        Column("file", "VARCHAR", "where in the log it begins"),
    ),
    "steps": (*_STEP, *_KIND, *_COURSE, *_MODEL, *_FAILURE),
    "llm_calls": (*_STEP, *_COURSE, *_MODEL, *_FAILURE[:-1]),
    "tool_calls": (
        *_STEP,
        Column("name", "VARCHAR", "the tool's name"),
        *_COURSE,
        Column("args", "JSON", "what it was called with"),
        Column("result", "JSON", "what it gave: the result, or the content of its message"),
        *_FAILURE,
    ),
    "messages": (
        *_RUN,
        Column("m", "BIGINT", "the message's number in its run"),
        Column("role", "VARCHAR", "system, user, assistant, tool"),
        Column("content", "VARCHAR", "its text; of a list of blocks, the JSON"),
        Column("tool_calls", "JSON", "the calls that it asks for: a list of id, name, args"),
    ),
    "documents": (
        *_STEP[:3],
        Column("rank", "BIGINT", "its place in what was found, from 1"),
        Column("id", "VARCHAR", "the document's id"),
        Column("score", "DOUBLE", "how well it fits"),
        Column("content", "VARCHAR", "its text"),
        Column("metadata", "JSON", "its metadata"),
    ),
    "notes": (
        Column("id", "VARCHAR", "the note's own id; a note with several labels has a row for each"),
        Column("run", "VARCHAR", "the run that it is about, also one that is no longer in the log"),
        Column("step", "BIGINT", "the step that it is about; NULL: the run"),
        Column("ts", "TIMESTAMP", "when it was noted, UTC"),
        Column("label", "VARCHAR", "a label that stands; NULL for a note without one"),
        Column("score", "DOUBLE", "its score"),
        Column("text", "VARCHAR", "its text"),
        Column("who", "VARCHAR", "who noted it"),
        Column("name", "VARCHAR", "the run's name"),
        Column("in_log", "BOOLEAN", "whether the run is in the log"),
    ),
    "errors": (
        *_STEP[:3],
        Column("kind", "VARCHAR", "the kind of the step in which it began; run for the run itself, with step 0"),
        Column("name", "VARCHAR", "its name"),
        Column("type", "VARCHAR", "the error's type"),
        Column("message", "VARCHAR", "and its message"),
        Column("ts", "TIMESTAMP", "when it was written, UTC"),
    ),
    "points": (
        *_STEP,
        Column("kind", "VARCHAR", "retry, interrupt, resume, denied, custom"),
        Column("name", "VARCHAR", "a custom point's name, a denied call's tool"),
        Column("ts", "TIMESTAMP", "when, UTC"),
        Column("attempt", "BIGINT", "of a retry: which attempt comes"),
        Column("wait_ms", "DOUBLE", "of a retry: after how many milliseconds"),
        Column("place", "VARCHAR", "of an interrupt or a resume: where"),
        Column("value", "JSON", "of an interrupt: the question"),
        Column("data", "JSON", "of a custom point: what it told"),
        Column("error_type", "VARCHAR", "of a retry: what failed before"),
        Column("error_message", "VARCHAR", "and its message"),
    ),
}  # fmt: skip


_NODE: Final = """
        coalesce(
            node, CASE kind WHEN 'node' THEN name END,
            (SELECT any_value(above.name) FROM gathered AS above WHERE above.run = gathered.run
             AND above.nth = gathered.nth AND above.step = gathered.parent AND above.kind = 'node')
        ) AS node,
"""


def steps_sql(only: str = "true", *, with_node: bool = True) -> str:
    """The SELECT that makes steps of what was gathered of their lines, of those for which `only` holds."""
    return f"""
    SELECT run, nth, step, parent, kind, coalesce(name, model, '') AS name, {_NODE if with_node else ""}
        CASE WHEN has_end THEN coalesce(status, 'ok') WHEN is_point THEN 'ok' ELSE 'open' END AS status,
        started, ms, ttft_ms, model, provider, {", ".join(TOKENS)}, cached, finish_reason,
        error_type, error_message, error_step, attempt, call_id
    FROM gathered WHERE {only}
"""


_RUNS: Final = f"""
    WITH counted AS ({COUNTED}), waiting AS ({WAITING})
    SELECT run, nth, over.id AS uuid, over.name, over.framework, over.thread,
        {STATUS} AS status,
        coalesce(over.started, first_ts) AS started,
        coalesce(over.ms, epoch_us(last_ts - coalesce(over.started, first_ts)) / 1000) AS ms,
        {SUMS},
        {MODELS},
        over.resumes, over.parent_run, over.parent_step, over.tags, over.metadata, opened.host, opened.pid, over.file
    FROM gathered_runs AS over LEFT JOIN counted USING (run, nth)
        LEFT JOIN waiting USING (run, nth) LEFT JOIN open_runs USING (run, nth) LEFT JOIN opened ON opened.w = over.w
"""


def _of_steps(view: str, kind: str) -> str:
    return f"SELECT {', '.join(column.name for column in VIEWS[view])} FROM steps WHERE kind = '{kind}'"


_TOOL_CALLS: Final = f"""
    SELECT {", ".join(column.name for column in VIEWS["tool_calls"])}
    FROM steps LEFT JOIN contents USING (run, nth, step) WHERE kind = 'tool'
"""
_ERRORS: Final = """
    SELECT run, nth, step, kind, coalesce(name, model, '') AS name, error_type AS type, error_message AS message, ended_ts AS ts
    FROM gathered WHERE has_end AND status = 'error' AND error_step IS NULL
    UNION ALL
    SELECT run, nth, 0, 'run', coalesce(name, ''), error_type, error_message, ended_ts
    FROM gathered_runs WHERE status = 'error' AND error_step IS NULL
"""
_POINTS: Final = """
    SELECT run, nth, step, parent, split_part(ev, '.', 1) AS kind, name, ts, attempt, wait_ms, "where" AS place,
        value, data, error_type, error_message
    FROM point_lines
"""
OF_RUNS: Final = tuple(view for view in VIEWS if view != "notes")
"""The views whose rows are those of runs, by `run` and `nth`; notes stand beside the log."""
# In the order in which one builds on the other; `messages`, `documents` and `notes` are tables.
MADE_BY: Final[dict[str, str]] = {
    "steps": steps_sql(),
    "runs": _RUNS,
    "llm_calls": _of_steps("llm_calls", "llm"),
    "tool_calls": _TOOL_CALLS,
    "errors": _ERRORS,
    "points": _POINTS,
}
# Which columns of the lines a view is made of, beyond the base.
NEEDED_BY: Final[dict[str, tuple[str, ...]]] = {
    "runs": ("runs", "steps"),
    "steps": ("steps",),
    "llm_calls": ("steps",),
    "tool_calls": ("steps",),
    "messages": (),
    "documents": (),
    "notes": (),
    "errors": (),
    "points": ("steps", "points"),
}
