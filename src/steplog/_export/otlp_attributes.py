"""What a run or a step says of itself in a span's attributes: texts, numbers, and JSON as text.

Content goes as JSON *texts*: structured attributes are dropped by Phoenix in silence. A model call has its messages in
`gen_ai.*.messages` and no `input.value`, which MLflow would show instead of them; every other kind has `input.value` and
`output.value`, without which MLflow shows nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._export import otlp_names as names
from steplog._export.logged import calls_in, objects_in
from steplog._show.content_blocks import in_words
from steplog._show.preview import as_text, brief, entered, left

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

Attributes = dict[str, Any]
_NOT_TOLD: Final = "unknown"


def run_attributes(run: Run) -> Attributes:
    """The root's: who asked what in which conversation, and what was answered."""
    operation, kind = names.OPERATIONS["run"]
    if "workflow" in run.framework or not run.name:
        operation, kind = names.WORKFLOW, "CHAIN"
    out: Attributes = {
        names.OPERATION: operation, names.SPAN_KIND: kind, "steplog.run": run.id, "steplog.status": run.status,
        "steplog.framework": run.framework, "steplog.resumes": run.goes_on_from,
        "steplog.parent_run": run.parent_run or None, "steplog.parent_step": run.parent_step, names.TAGS: list(run.tags),
        names.METADATA: _json(run.metadata) if run.metadata else None, names.USER: _user(run.metadata),
        "steplog.labels": list(run.labels),
    }  # fmt: skip
    _put_all(out, names.AGENT_NAME, run.name)
    _put_all(out, names.CONVERSATION, run.thread)
    _put_text(out, names.INPUT, names.INPUT_TYPE, _question(run))
    _put_text(out, names.OUTPUT, names.OUTPUT_TYPE, brief(run.output))
    return present(out)


def step_attributes(step: Step, thread: str) -> Attributes:
    """A step's."""
    operation, kind = names.OPERATIONS.get(step.kind, ("", "CHAIN"))
    out: Attributes = {
        names.OPERATION: operation, names.SPAN_KIND: kind, "steplog.step": step.number, "steplog.kind": step.kind,
        "steplog.status": step.status, "steplog.attempt": step.fields.get("attempt"), "steplog.implied": step.implied or None,
    }  # fmt: skip
    _put_all(out, names.CONVERSATION, thread)
    match step.kind:
        case "llm":
            _model_call(out, step)
        case "tool":
            _tool(out, step)
        case "retriever" | "rerank":
            _documents(out, step)
        case "embedding":
            _put_all(out, names.EMBEDDING_MODEL, step.fields.get("model"))
            out[names.DIMENSIONS] = step.fields.get("dimensions")
            _tokens(out, step)
        case "agent":
            _put_all(out, names.AGENT_NAME, step.name)
        case "node":
            out[names.NODE] = step.name
        case _:
            pass
    if step.kind != "llm":
        _put_text(out, names.INPUT, names.INPUT_TYPE, entered(step))
        if names.OUTPUT not in out:
            _put_text(out, names.OUTPUT, names.OUTPUT_TYPE, left(step) or brief(step.field("output")))
    return present(out)


def present(attributes: Attributes) -> Attributes:
    """The attributes that say something."""
    return {name: value for name, value in attributes.items() if value is not None and value not in ("", [])}


# -- kinds


def _model_call(out: Attributes, step: Step) -> None:
    for ours, theirs in names.MODEL_CALL.items():
        _put_all(out, theirs, step.fields.get(ours))
    out[names.RESPONSE_MODEL] = step.fields.get("model")
    reason = step.fields.get("finish_reason")
    out[names.FINISH_REASONS] = [reason] if isinstance(reason, str) else None
    first = step.fields.get("ttft_ms")
    out[names.FIRST_CHUNK] = first / 1000 if isinstance(first, int | float) else None
    out[names.INPUT_MESSAGES] = _json([_gen_ai_message(m) for m in step.prompt]) if step.prompt else None
    if step.message is not None:
        # The conventions want a reason with each answer: Phoenix shows none that has none.
        out[names.OUTPUT_MESSAGES] = _json(
            [_gen_ai_message(step.message) | {"finish_reason": reason or _NOT_TOLD}]
        )
    params = step.field("params")
    if isinstance(params, dict):
        given = cast("Record", params)
        out[names.PARAMETERS_JSON] = _json(given)
        for ours, theirs in names.PARAMETERS.items():
            if isinstance(given.get(ours), int | float):
                out[theirs] = given[ours]
    for number, definition in enumerate(objects_in(step.field("tool_defs"))):
        out[names.TOOL_SCHEMA.format(number)] = _json(definition)
    _tokens(out, step)


def _tokens(out: Attributes, step: Step) -> None:
    # What a cache of the framework's gave cost nothing: its tokens would be summed and priced.
    if step.fields.get("cached"):
        return
    usage = step.usage
    for ours, theirs in names.USAGE.items():
        _put_all(out, theirs, usage.get(ours))
    if "input_tokens" in usage or "output_tokens" in usage:
        out[names.TOTAL_TOKENS] = usage.get(
            "total_tokens", usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
        )


def _tool(out: Attributes, step: Step) -> None:
    _put_all(out, names.TOOL_NAME, step.name)
    _put_all(out, names.TOOL_CALL_ID, step.fields.get("call_id"))
    args = step.field("args")
    out[names.TOOL_ARGUMENTS] = None if args is None else as_text(args)
    out[names.TOOL_RESULT] = left(step)


def _documents(out: Attributes, step: Step) -> None:
    out[names.QUERY] = as_text(step.field("query"))
    documents = objects_in(step.field("documents"))
    for number, document in enumerate(documents):
        for name in ("id", "score", "content", "metadata"):
            value = document.get(name)
            if value is not None:
                out[names.DOCUMENT.format(number, name)] = value if name == "score" else as_text(value)
    if documents:
        listed = [
            {
                "page_content": as_text(d.get("content")),
                "metadata": d.get("metadata") or {},
                "id": d.get("id"),
            }
            for d in documents
        ]
        out[names.OUTPUT], out[names.OUTPUT_TYPE] = _json(listed), names.JSON


# -- messages


def _gen_ai_message(message: Record) -> Record:
    """A message in the shape of `gen_ai.input.messages`: a role and parts."""
    parts: list[Record] = []
    calls = calls_in(message)
    ids = frozenset(str(call.get("id")) for call in calls)
    content = message.get("content")
    said = in_words(content, without_calls=ids) if isinstance(content, list) else as_text(content)
    role = str(message.get("role", "user"))
    if role == "tool":
        parts.append({"type": "tool_call_response", "id": message.get("tool_call_id"), "response": said})
    elif said:
        parts.append({"type": "text", "content": said})
    parts += [
        {"type": "tool_call", "id": call.get("id"), "name": call.get("name"), "arguments": call.get("args")}
        for call in calls
    ]
    return {"role": role, "parts": parts}


def _question(run: Run) -> str:
    """The last that a human said in the run's input; else the input in words."""
    given = run.input
    held = cast("Record", given).get("messages", given) if isinstance(given, dict) else given
    for message in reversed(objects_in(held)):
        if message.get("role") == "user":
            return as_text(message.get("content"))
    return brief(given)


def _user(metadata: Mapping[str, Json]) -> str | None:
    found = metadata.get("user_id") or metadata.get("user")
    return found if isinstance(found, str) else None


# -- shared


def _put_all(out: Attributes, theirs: Iterable[str], value: Json) -> None:
    for name in theirs:
        out[name] = value if isinstance(value, str | int | float | bool) else None


def _put_text(out: Attributes, name: str, type_name: str, text: str) -> None:
    if text:
        is_json = text[:1] in "{[" and text[-1:] in "}]"
        out[name], out[type_name] = text, names.JSON if is_json else names.TEXT


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
