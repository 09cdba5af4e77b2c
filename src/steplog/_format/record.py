"""The vocabulary of a line: kinds, phases, statuses, markers, and which fields each line may carry."""

from __future__ import annotations

from typing import Any, Final, Literal, TypedDict, get_args

FORMAT_VERSION: Final = 1

Kind = Literal[
    "run", "llm", "tool", "retriever", "embedding", "rerank", "agent", "node", "chain",
    "retry", "interrupt", "resume", "denied", "custom",
]  # fmt: skip
Status = Literal["ok", "error", "cancelled", "interrupted", "abandoned", "handoff"]
Detail = Literal["calls", "steps", "all"]
Content = Literal["full", "preview", "none"]
Json = Any  # plain builtins only: what orjson encodes without a callback
Record = dict[str, Json]

# Steps that leave the program's own code: what detail="calls" keeps, besides runs and agents.
CALLS: Final = frozenset({"llm", "tool", "retriever", "embedding", "rerank"})
POINTS: Final = frozenset({"retry", "interrupt", "resume", "denied", "custom"})
STEPS: Final = CALLS | {"agent", "node", "chain"}  # what begins and ends inside a run
WRITTEN: Final[dict[str, frozenset[str]]] = {
    "calls": CALLS | POINTS | {"run", "agent"},
    "steps": CALLS | POINTS | {"run", "agent", "node"},
    "all": CALLS | POINTS | {"run", "agent", "node", "chain"},
}
FAILED: Final = frozenset({"error"})
STATUSES: Final = frozenset(get_args(Status))
USAGE_FIELDS: Final = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "reasoning_tokens", "input_audio_tokens", "output_audio_tokens", "total_tokens",
)  # fmt: skip
# What an error may say: its class, its words, where it came from, and what a provider answered.
ERROR_FIELDS: Final[dict[str, tuple[type, ...]]] = {
    **dict.fromkeys(("type", "message", "module", "request_id"), (str,)),
    **dict.fromkeys(("step", "http_status"), (int,)),
    **dict.fromkeys(("stack", "causes", "notes"), (list,)),
    "code": (str, int),
}
DOCUMENT_FIELDS: Final = ("id", "score", "content", "metadata")
MESSAGE_FIELDS: Final = ("role", "content", "tool_calls", "tool_call_id", "status", "id", "name", "extra")

# Markers: objects with one key that stand in place of a value (docs/format.md).
MESSAGE: Final = "$m"
SAME: Final = "$same"
CUT: Final = "$cut"
TEXT: Final = "$text"
BLOB: Final = "$blob"
TYPE: Final = "$type"
NUM: Final = "$num"
LONG: Final = 256  # characters from which a text is written once in a run
MARKERS: Final = frozenset({MESSAGE, SAME, CUT, TEXT, BLOB, TYPE, NUM})

ENVELOPE: Final = ("seq", "ts", "w", "run", "step", "parent", "ev")
CHAIN: Final = "chain"  # the last field of each line, where a log is chained

_ANY_START: Final = (
    "name", "input", "tags", "metadata", "node", "attempt", "after_failed", "late_ms", "start_lost", "extra", "chars",
)  # fmt: skip
_ANY_END: Final = (
    "ms", "status", "error", "implied", "start_lost", "input", "output", "name", "extra", "chars",
)  # fmt: skip

START_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "run": ("id", "framework", "thread", "resumes", "parent_run", "parent_step"),
    "llm": ("model", "provider", "params", "prompt", "messages", "tools", "tool_defs"),
    "tool": ("call_id", "args", "asked_by"),
    "retriever": ("query",),
    "embedding": ("model", "count"),
    "rerank": ("model", "query", "count"),
    "agent": (),
    "node": ("step_in_graph", "triggers", "checkpoint"),
    "chain": (),
}
END_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "run": ("totals", "masked", "checkpoint"),
    "llm": (
        "ttft_ms",
        "usage",
        "finish_reason",
        "model",
        "response_id",
        "message",
        "messages",
        "cached",
    ),
    "tool": ("result", "message"),
    "retriever": ("documents",),
    "embedding": ("count", "dimensions", "usage"),
    "rerank": ("documents",),
    "agent": ("checkpoint",),
    "node": ("route", "cached"),
    "chain": (),
}
POINT_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "retry": ("attempt", "wait_ms", "error", "extra", "chars"),
    "interrupt": ("value", "id", "where", "checkpoint", "extra", "chars"),
    "resume": ("where", "value", "checkpoint", "extra", "chars"),
    "denied": ("name", "call_id", "args", "asked_by", "message", "extra", "chars"),
    "custom": ("name", "data", "extra", "chars"),
}
# What a line may carry, whichever it is; other names are the program's own.
FIELD_NAMES: Final = frozenset(_ANY_START + _ANY_END).union(
    *START_FIELDS.values(), *END_FIELDS.values(), *POINT_FIELDS.values()
)
LOG_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "open": (
        "v", "w", "steplog", "host", "pid", "ppid", "proc_start", "boot", "pidns", "python", "frameworks",
        "argv0", "content", "detail", "redact", "prev", "parent_w", "locked",
    ),
    "close": ("lines", "bytes", "lost", "cut", "masked"),
    "lost": ("count", "reason", "first_ts", "last_ts"),
    "error": ("where", "error"),
}  # fmt: skip

# What the recorder finds out itself. Whatever it is told under these names, or under those of the envelope, gets into
# no line under them.
OWN_FIELDS: Final = frozenset((
    "ms", "ttft_ms", "late_ms", "status", "implied", "start_lost", "asked_by", "node", "totals", "masked", "chars", "prompt",
))  # fmt: skip
# What a field holds that adapters and programs tell, for who writes it; the schema says it in full.
SHAPES: Final[dict[str, str]] = {
    **dict.fromkeys((
        "name", "model", "provider", "framework", "thread", "resumes", "parent_run", "call_id", "finish_reason",
        "response_id", "id", "where",
    ), "text"),
    **dict.fromkeys(("tags", "tools", "triggers", "route"), "texts"),
    **dict.fromkeys(("attempt", "after_failed", "parent_step"), "ordinal"),
    **dict.fromkeys(("count", "dimensions"), "count"),
    "step_in_graph": "integer", "wait_ms": "duration",
    **dict.fromkeys(("input", "output", "args", "result", "query", "value", "data"), "value"),
    # Each with a shape of its own.
    **{name: name for name in (
        "params", "metadata", "extra", "cached", "usage", "error", "documents", "checkpoint", "message", "messages",
        "tool_defs",
    )},
}  # fmt: skip


class Totals(TypedDict, total=False):
    """What a run, or all runs of a recorder, added up to: counts, sums of tokens, and the models that answered."""

    steps: int
    llm_calls: int
    tool_calls: int
    errors: int
    retries: int
    interrupts: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    input_audio_tokens: int
    output_audio_tokens: int
    models: list[str]


def told_fields(kind: str, what: str) -> tuple[str, ...]:
    """The fields of a line `kind.what` that adapters and programs may tell."""
    own = OWN_FIELDS | {"id"} if kind == "run" else OWN_FIELDS
    return tuple(name for name in fields_of(kind, what) if name not in own)


def fields_of(kind: str, what: str) -> tuple[str, ...]:
    """The fields a line `kind.what` may carry beyond the envelope; empty for an unknown pair."""
    if kind == "log":
        return LOG_FIELDS.get(what, ())
    if what == "start" and kind in START_FIELDS:
        return _ANY_START + START_FIELDS[kind]
    if what == "end" and kind in END_FIELDS:
        return _ANY_END + END_FIELDS[kind]
    if what == "point":
        return POINT_FIELDS.get(kind, ())
    return ("ttft_ms",) if (kind, what) == ("llm", "first_token") else ()
