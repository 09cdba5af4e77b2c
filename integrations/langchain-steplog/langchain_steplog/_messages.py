"""LangChain's messages in the format's words, read without running their code."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage

from steplog.integration import MessageType, instance_dict, register_message_type

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "HumanMessageChunk": "user",
    "AIMessageChunk": "assistant",
    "SystemMessageChunk": "system",
    "ToolMessageChunk": "tool",
    "FunctionMessageChunk": "function",
}
# Raw forms of what tool_calls has already.
_REPEATED = frozenset({"tool_calls", "function_call"})


def read_message(message: Any) -> dict[str, Any]:
    """Role, content, tool calls, ids and the rest of one message."""
    found = instance_dict(message)
    kind = found.get("type")
    extra = {
        k: v
        for k, v in (found.get("additional_kwargs") or {}).items()
        if v is not None and k not in _REPEATED
    }
    if found.get("artifact") is not None:
        extra["artifact"] = found["artifact"]
    return {
        "role": found.get("role") or _ROLES.get(kind, kind) if type(kind) is str else "unknown",
        "content": found.get("content"),
        "tool_calls": _tool_calls(found.get("tool_calls")),
        "invalid_tool_calls": found.get("invalid_tool_calls"),
        "tool_call_id": found.get("tool_call_id"),
        "status": "error" if found.get("status") == "error" else None,
        "name": found.get("name"),
        "id": found.get("id"),
        "extra": extra,
    }


def _tool_calls(calls: Any) -> list[Any] | None:
    if type(calls) is not list or not calls:
        return None
    return [
        {"id": call.get("id"), "name": call.get("name"), "args": call.get("args")}
        if type(call) is dict
        else call
        for call in calls
    ]


def mark_message(message: Any) -> tuple[Any, ...]:
    """What `same_message` compares: the content, and copies of what could be edited in place."""
    found = instance_dict(message)
    return (
        _copy(found.get("content")),
        _copy(found.get("tool_calls")),
        _copy(found.get("additional_kwargs")),
    )


def same_message(message: Any, mark: tuple[Any, ...]) -> bool:
    """Whether nothing but ids was edited since; a few look-ups for one with a text as content."""
    found = message.__dict__
    return (
        found["content"] == mark[0]
        and found.get("tool_calls") == mark[1]
        and found.get("additional_kwargs") == mark[2]
    )


def ids_of(message: Any) -> tuple[Any, Any]:
    """What LangGraph and agents add to a message after it was first seen."""
    found = message.__dict__
    return found.get("id"), found.get("name")


def _copy(value: Any) -> Any:
    if type(value) is dict:
        return {k: _copy(v) for k, v in value.items()}
    if type(value) is list:
        return [_copy(v) for v in value]
    return value


def register() -> None:
    """Make LangChain's messages known to every log of this process."""
    register_message_type(BaseMessage, MessageType(read_message, mark_message, same_message, ids_of))
