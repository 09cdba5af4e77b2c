"""LlamaIndex's messages in the format's words, read without running their code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from steplog.integration import live_dict, present, read_fields

Fields = dict[str, Any]
_CONTAINERS = frozenset({dict, list})
_COMPARED = frozenset({str, int, float, bool, bytes})
# Told as fields of their own, here or of the call that the message answers.
_ELSEWHERE = frozenset({
    "tool_calls", "function_call", "tool_call_id", "name", "usage", "stop_reason", "thinking_delta",
})  # fmt: skip


def take_message(message: Any) -> tuple[tuple[Any, ...], Fields, tuple[None, Any]]:
    """What `same_message` compares; role, content, tool calls and the rest of a `ChatMessage`; its name, it has no id."""
    mark = _mark(message)
    role, _, kwargs, blocks = mark
    read = present(_message(role, blocks, kwargs))
    return mark, read, (None, read.pop("name", None))


def tool_message(blocks: Any, call_id: Any) -> Fields:
    """A tool's answer as the agent will put it into its next prompt, so that the log has it once."""
    return _message("tool", blocks, {"tool_call_id": call_id})


def tool_calls_of(message: Any) -> list[Any]:
    """The tool calls that a `ChatMessage` asks for, in its blocks or as the provider has them."""
    found = live_dict(message)
    blocks, kwargs = found.get("blocks"), found.get("additional_kwargs")
    calls = _calls_in_blocks(blocks) if type(blocks) is list else None
    return calls or (raw_calls(kwargs.get("tool_calls")) if type(kwargs) is dict else None) or []


def _message(role: Any, blocks: Any, kwargs: Any) -> Fields:
    blocks = blocks if type(blocks) is list else []
    told: Fields = {
        "role": role_of_message(role),
        "content": content_of(blocks),
        "tool_calls": _calls_in_blocks(blocks),
    }
    if type(kwargs) is dict and kwargs:
        told["tool_calls"] = told["tool_calls"] or raw_calls(kwargs.get("tool_calls"))
        told["tool_call_id"] = kwargs.get("tool_call_id")
        told["name"] = kwargs.get("name")
        told["extra"] = {k: v for k, v in kwargs.items() if v is not None and k not in _ELSEWHERE}
    return told


def role_of_message(role: Any) -> str:
    """A role as text: LlamaIndex has it as an enum of texts."""
    found = role if type(role) is str else live_dict(role).get("_value_")
    return found if type(found) is str else "unknown"


def content_of(blocks: list[Any]) -> Any:
    """The text where there is nothing else, else the blocks; what they hold open stays closed."""
    shown = [(b, found) for b in blocks if (found := live_dict(b)).get("block_type") != "tool_call"]
    if all(found.get("block_type") == "text" for _, found in shown):
        return "\n".join([text for _, found in shown if type(text := found.get("text")) is str])
    return [{k: v for k, v in read_fields(block).items() if v is not None and v != {}} for block, _ in shown]


def _calls_in_blocks(blocks: list[Any]) -> list[Fields]:
    found = [live_dict(block) for block in blocks]
    return [
        {"id": c.get("tool_call_id"), "name": c.get("tool_name"), "args": _args(c.get("tool_kwargs"))}
        for c in found
        if c.get("block_type") == "tool_call"
    ]


def raw_calls(calls: Any) -> list[Any] | None:
    """Tool calls in a provider's own form, as the format has them."""
    return [_raw_call(call) for call in calls] if type(calls) is list and calls else None


def _raw_call(call: Any) -> Any:
    """A provider's own form of a tool call: OpenAI's object or dict with a function, or Anthropic's with an input."""
    found = fields_of(call)
    function = fields_of(found.get("function"))
    name = function.get("name") or found.get("name")
    if name is None:
        return call
    args = next(
        (d[k] for d, k in ((function, "arguments"), (found, "arguments"), (found, "input")) if k in d), None
    )
    return {"id": found.get("call_id") or found.get("id"), "name": name, "args": _args(args)}


def fields_of(o: Any) -> Mapping[str, Any]:
    """A dict as it is, an object's fields as its class lets them be read; empty for anything else."""
    if type(o) is dict:
        return o
    return {} if o is None or type(o) in (str, int, float, bool, list) else read_fields(o)


def _args(args: Any) -> Any:
    if type(args) is not str:
        return args
    try:
        return json.loads(args)
    except ValueError:
        return args  # a model may write no valid JSON; that is worth seeing as it is


def _mark(message: Any) -> tuple[Any, ...]:
    """What `same_message` compares, copies of all that could be edited in place; and the blocks, to be read at once."""
    found = live_dict(message)
    blocks = found.get("blocks")
    marks = [(type(b), _copy(dict(live_dict(b)))) for b in blocks] if type(blocks) is list else None
    return (found.get("role"), marks, _copy(found.get("additional_kwargs")), blocks)


def same_message(message: Any, mark: tuple[Any, ...]) -> bool:
    """Whether nothing of the message was edited since; a few look-ups for one with a text as content."""
    found = message.__dict__
    blocks, (role, marks, kwargs, _) = found["blocks"], mark
    if found["role"] is not role or type(blocks) is not list or marks is None or len(blocks) != len(marks):
        return False
    for block, (cls, fields) in zip(blocks, marks, strict=True):
        if type(block) is not cls or not _same(block.__dict__, fields):
            return False
    return _same(found["additional_kwargs"], kwargs)


def _copy(value: Any) -> Any:
    cls = type(value)
    if cls is dict:
        return {k: _copy(v) if type(v) in _CONTAINERS else v for k, v in value.items()}
    return [_copy(v) for v in value] if cls is list else value


def _same(value: Any, copy: Any) -> bool:
    if value is copy:  # never a dict or a list, which were copied
        return True
    cls = type(value)
    if cls is not type(copy):
        return False
    if cls not in _CONTAINERS:
        # Comparing any other object would run its code.
        return cls in _COMPARED and value == copy
    if len(value) != len(copy):
        return False
    if cls is list:
        return all(map(_same, value, copy))
    return value.keys() == copy.keys() and all(map(_same, value.values(), map(copy.__getitem__, value)))
