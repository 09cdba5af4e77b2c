"""LangChain's messages in the format's words, read without running their code."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage

from steplog.integration import MessageType, register_message_type

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
_EMPTY = (str, list, dict)
_CONTAINERS = (dict, list)
_READ = ("content", "tool_calls", "invalid_tool_calls", "tool_call_id")
_NOTHING: dict[str, Any] = {}


def take_message(message: Any) -> tuple[dict[str, Any], dict[str, Any], tuple[Any, Any]]:
    """What `vars` of the message must go on to equal; role, content, tool calls and the rest of it; its id and name."""
    mark = dict(vars(message))
    kind = mark.get("type")
    role = mark.get("role") or _ROLES.get(kind, kind) if type(kind) is str else "unknown"
    read: dict[str, Any] = {"role": role}
    for name in _READ:
        value = mark.get(name)
        cls = type(value)
        if cls in _CONTAINERS:
            value = mark[name] = _copy(value)
            if name == "tool_calls" and cls is list and value:
                value = _tool_calls(value)
        if value is not None and not (cls in _EMPTY and not value):
            read[name] = value
    if mark.get("status") == "error":
        read["status"] = "error"
    kwargs = mark.get("additional_kwargs")
    if type(kwargs) is dict:
        kwargs = mark["additional_kwargs"] = _copy(kwargs) if kwargs else {}
    else:
        kwargs = _NOTHING
    artifact = mark.get("artifact")
    if kwargs or artifact is not None:
        extra = {k: v for k, v in kwargs.items() if v is not None and k not in _REPEATED}
        if artifact is not None:
            extra["artifact"] = artifact
        if extra:
            read["extra"] = extra
    return mark, read, (mark.get("id"), mark.get("name"))


def _tool_calls(calls: list[Any]) -> list[Any]:
    found = list(calls)
    for i, call in enumerate(calls):
        if type(call) is dict:
            found[i] = {"id": call.get("id"), "name": call.get("name"), "args": call.get("args")}
    return found


def same_message(message: Any, mark: dict[str, Any]) -> bool:
    """Whether nothing was edited of what is written, ids aside; a few look-ups for one with a text as content."""
    found = message.__dict__
    return (
        found.get("content") == mark.get("content")
        and found.get("tool_calls") == mark.get("tool_calls")
        and found.get("additional_kwargs") == mark.get("additional_kwargs")
    )


def ids_of(message: Any) -> tuple[Any, Any]:
    """What LangGraph and agents add to a message after it was first seen."""
    found = message.__dict__
    return found.get("id"), found.get("name")


def _copy(value: Any) -> Any:
    # Loops and not comprehensions, which are calls: a message has few containers and is copied in a hook.
    if type(value) is dict:
        fields = dict(value)
        for name, inner in fields.items():  # not of `value`, which another thread may change
            if type(inner) in _CONTAINERS:
                fields[name] = _copy(inner)
        return fields
    items = list(value)
    for i, inner in enumerate(items):
        if type(inner) in _CONTAINERS:
            items[i] = _copy(inner)
    return items


def register() -> None:
    """Make LangChain's messages known to every log of this process."""
    register_message_type(BaseMessage, MessageType(take_message, same_message, ids_of, vars))
