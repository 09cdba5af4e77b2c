"""The JSON Schema of a line, built from the tables in `record`: what `steplog schema` prints and tests check against."""

from __future__ import annotations

from typing import Any, Final, get_args

from steplog._format.record import (
    END_FIELDS,
    FORMAT_VERSION,
    LOG_FIELDS,
    POINT_FIELDS,
    START_FIELDS,
    USAGE_FIELDS,
    Content,
    Detail,
    Status,
    fields_of,
)

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_RANGES: Final = r"^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _closed(properties: dict[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _several(items: Schema) -> Schema:
    """A list that is never empty, or a marker in its place."""
    return {"anyOf": [{"type": "array", "items": items, "minItems": 1}, _ref("marker")]}


def _mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values, "minProperties": 1}


def _told(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_ORDINAL: Final[Schema] = {"type": "integer", "minimum": 1}
_YES: Final[Schema] = {"const": True}
_MS: Final[Schema] = {"type": "number", "minimum": 0}
_TIME: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$",
    "description": "RFC 3339, UTC, microseconds",
}
_LIMITED: Final[Schema] = {"anyOf": [_TEXT, _ref("marker")]}  # text that limits or `content` may replace
_OBJECT: Final[Schema] = {"type": "object"}
_VALUE: Final[Schema] = _ref("value")
_EXCEPTION: Final[Schema] = {
    "type": _TEXT, "message": _LIMITED, "module": _TEXT, "notes": _told(_several(_LIMITED), "added by add_note"),
}  # fmt: skip
_USAGE: Final[Schema] = {name: {**_COUNT, "description": "tokens"} for name in USAGE_FIELDS}

_DEFS: Final[dict[str, Schema]] = {
    "value": {
        "description": "Any JSON but null; nulls inside are the program's own. Markers may stand anywhere in it.",
        "not": {"type": "null"},
    },
    "marker": {
        "description": "An object with one key, in place of a value",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "$m": {"anyOf": [_ORDINAL, {"type": "string", "pattern": _RANGES}]},
            "$same": {
                "description": "[step, field, …]; step 0 is the run itself",
                "type": "array",
                "prefixItems": [_COUNT, _TEXT],
                "items": {"type": ["string", "integer"]},
                "minItems": 2,
            },
            "$cut": _closed(
                {
                    **dict.fromkeys(("bytes", "chars", "items", "depth", "nodes"), _COUNT),
                    "sha256": _TEXT,
                    "head": _told({}, "its beginning"),
                    "tail": _told(_TEXT, "its end"),
                    "cycle": _told(_YES, "the value contains itself"),
                    "setting": _told(_TEXT, "the limit that cut it"),
                }
            ),
            "$text": _closed({"chars": _COUNT, "head": _TEXT}, ("chars",)),
            "$blob": _closed({"type": _TEXT, "bytes": _COUNT, "chars": _COUNT, "sha256": _TEXT}),
            "$type": _TEXT,
            "$num": _TEXT,
        },
        "additionalProperties": False,
    },
    "message": {
        "description": "A message, written once in a run: in full, or as what differs from the one it is `like`",
        **_closed(
            {
                "m": _told(_ORDINAL, "its number in the run"),
                "like": _told(_ORDINAL, "the message it was before an edit"),
                "role": _told(_TEXT, "system, user, assistant, tool, or the framework's own word"),
                "content": _VALUE,
                "tool_calls": _several(_VALUE),
                "tool_call_id": _TEXT,
                "status": _TEXT,
                "id": _TEXT,
                "name": _TEXT,
                "extra": _VALUE,
            },
            ("m",),
        ),
        "anyOf": [{"required": ["role"]}, {"required": ["like"]}],
    },
    "amendment": {
        "description": "What a message got after it was written; holds for the prompts from this line on",
        **_closed(
            {"m": _ORDINAL, "set": {**_closed({"id": _TEXT, "name": _TEXT}), "minProperties": 1}},
            ("m", "set"),
        ),
    },
    "message_or_number": {"anyOf": [_ref("message"), _ref("amendment"), _ORDINAL]},
    "error": {
        **_closed(
            {
                **_EXCEPTION,
                "stack": _told(_several(_TEXT), '"file:line in function", innermost last'),
                "causes": _told(_several(_ref("cause")), "the exceptions behind it, the nearest first"),
                "step": _told(_ORDINAL, "the step it came from, where it only passed through"),
                "http_status": {"type": "integer"},
                "code": {"type": ["string", "integer"]},
                "request_id": _TEXT,
            }
        ),
        "anyOf": [{"required": ["type"]}, {"required": ["message"]}],
    },
    "cause": {
        "description": "An exception behind the nearest one before it whose depth is one less",
        "anyOf": [
            _closed(
                {
                    "how": {"enum": ["cause", "context", "group"]},
                    "depth": _ORDINAL,
                    **_EXCEPTION,
                    "at": _told(_TEXT, '"file:line in function", where it was raised'),
                },
                ("how", "depth", "type"),
            ),
            _ref("marker"),
        ],
    },
    "usage": {
        **_closed(_USAGE),
        "minProperties": 1,
        "description": "input includes cached, output reasoning",
    },
    "totals": _closed(
        {
            **dict.fromkeys(
                ("steps", "llm_calls", "tool_calls", "errors", "retries", "interrupts"), _ORDINAL
            ),
            **_USAGE,
            "models": _several(_TEXT),
        }
    ),
    "masked": _told(_mapping(_COUNT), "secret kind -> count"),
}

_FIELDS: Final[dict[str, Schema]] = {
    "name": _TEXT, "input": _VALUE, "output": _VALUE, "node": _told(_TEXT, "the graph node it ran in"),
    "chars": _told(_COUNT, "characters that content=none left out of this line"),
    "extra": _told({**_OBJECT, "minProperties": 1}, "what was told under names, or in forms, that this format has no place for"),
    "tags": _several(_TEXT), "metadata": _OBJECT, "attempt": _ORDINAL,
    "after_failed": _told(_ORDINAL, "the step that failed before it: it is the next attempt, or handles the error"),
    "late_ms": _told(_MS, "milliseconds between the beginning of the work and this line"),
    "ms": _told(_MS, "duration, milliseconds"), "ttft_ms": _told(_MS, "time to first token, milliseconds"),
    "status": {"enum": [status for status in get_args(Status) if status != "ok"]},
    "error": _ref("error"), "implied": _YES, "start_lost": _YES,
    "id": _TEXT, "framework": _TEXT, "thread": _TEXT, "resumes": _TEXT, "parent_run": _TEXT, "parent_step": _ORDINAL,
    "totals": _ref("totals"), "masked": _ref("masked"),
    "model": _TEXT, "provider": _TEXT, "params": _OBJECT,
    "prompt": _told({"type": "string", "pattern": _RANGES}, "numbers of messages, in order"),
    "messages": _several(_ref("message_or_number")), "message": _ref("message_or_number"),
    "tools": _told(_several(_TEXT), "names"), "tool_defs": _told(_several(_VALUE), "definitions, once in a run"),
    "usage": _ref("usage"), "finish_reason": _told(_TEXT, "the provider's own word"), "response_id": _TEXT,
    "cached": _YES, "call_id": _TEXT, "args": _VALUE, "result": _VALUE,
    "asked_by": _told(_ORDINAL, "the llm step that asked for the call"),
    "query": _VALUE, "count": _COUNT, "dimensions": _COUNT,
    "documents": _several(
        _closed({"id": _TEXT, "score": {"type": "number"}, "content": _VALUE, "metadata": _VALUE})
    ),
    "step_in_graph": {"type": "integer"}, "triggers": _several(_TEXT), "route": _told(_several(_TEXT), "the nodes that a conditional edge chose"),
    "checkpoint": _closed({"thread_id": _TEXT, "ns": _TEXT, "id": _TEXT}),
    "wait_ms": _told(_MS, "milliseconds waited before the attempt"), "value": _VALUE, "where": _TEXT, "data": _VALUE,
    "v": {"const": FORMAT_VERSION}, "w": _TEXT, "steplog": _TEXT, "host": _TEXT, "pid": _ORDINAL,
    "ppid": _told(_COUNT, "the process that asked for this one"),
    "proc_start": _told(_COUNT, "kernel start time of the process, ticks since boot"), "boot": _TEXT, "python": _TEXT,
    "pidns": _told(_COUNT, "inode of the process's pid namespace: in another one its pid says nothing"),
    "locked": _told(_YES, "the file has a lock (flock) for as long as somebody has it open for writing"),
    "frameworks": _told(_mapping(_TEXT), "name -> version"), "argv0": _TEXT,
    "content": {"enum": list(get_args(Content))}, "detail": {"enum": list(get_args(Detail))},
    "redact": {"type": ["boolean", "string"]}, "prev": _TEXT, "parent_w": _TEXT,
    "lines": _COUNT, "bytes": _COUNT, "lost": _COUNT, "cut": _COUNT,
    "reason": _TEXT, "first_ts": _TIME, "last_ts": _TIME,
}  # fmt: skip

_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "log.open": ("v", "w", "steplog", "host", "pid", "python"),
    "log.close": ("lines",),
    "log.lost": ("count", "reason"),
    "log.error": ("where",),
    "run.start": ("id",),
    "llm.first_token": ("ttft_ms",),
}


def event_names() -> tuple[str, ...]:
    """Every `ev` of this version of the format."""
    return (
        *(f"log.{what}" for what in LOG_FIELDS),
        *(f"{kind}.start" for kind in START_FIELDS),
        *(f"{kind}.end" for kind in END_FIELDS),
        *(f"{kind}.point" for kind in POINT_FIELDS),
        "llm.first_token",
    )


def schema() -> Schema:
    """The JSON Schema (2020-12) of one line of a log; every event lists its fields, and no others are allowed."""
    names = event_names()
    return {
        "$schema": DIALECT,
        "$id": f"urn:steplog:line:{FORMAT_VERSION}",
        "title": f"A line of a steplog log, format version {FORMAT_VERSION}",
        "type": "object",
        "required": ["seq", "ts", "ev"],
        "properties": {"ev": {"enum": list(names)}},
        "allOf": [{"if": {"properties": {"ev": {"const": name}}}, "then": _ref(name)} for name in names],
        "$defs": {**_DEFS, **{name: _event(name) for name in names}},
    }


def _event(name: str) -> Schema:
    kind, _, what = name.partition(".")
    properties, required = _envelope(kind, what)
    properties["ev"] = {"const": name}
    for field in fields_of(kind, what):
        properties[field] = _FIELDS[field]
    found = _closed(properties, (*required, "ev", *_REQUIRED.get(name, ())))
    if what == "end":
        # Where the start is lost, nobody knows the duration.
        found["dependentRequired"] = {"parent": ["start_lost"]}
        found["anyOf"] = [{"required": ["ms"]}, {"required": ["start_lost"]}]
    return found


def _envelope(kind: str, what: str) -> tuple[dict[str, Schema], tuple[str, ...]]:
    """The envelope of an event, and which of it must be there."""
    properties: dict[str, Schema] = {
        "seq": _told(_ORDINAL, "this writer's line number, from 1, without gaps"),
        "ts": _TIME,
        "w": _told(_TEXT, "writer id; on every line of files that several processes append to"),
        "chain": _told(
            {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "hash over this line and the one before"
        ),
    }
    if kind == "log":
        return properties, ("seq", "ts")
    properties["run"] = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
    if kind == "run":
        return properties, ("seq", "ts", "run")
    properties["step"] = _told(_ORDINAL, "the step's number in its run")
    if what in ("start", "point"):
        properties["parent"] = _told(_ORDINAL, "the parent step; absent for a child of the run itself")
    elif what == "end":
        properties["parent"] = _told(
            _ORDINAL, "the parent step; only where the start that would name it is lost"
        )
    return properties, ("seq", "ts", "run", "step")
