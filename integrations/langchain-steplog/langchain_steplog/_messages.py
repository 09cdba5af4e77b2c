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
_READ = ("content", "tool_calls", "invalid_tool_calls", "tool_call_id", "name", "id")
_EMPTY = (str, list, dict)
_EDITABLE = ("content", "tool_calls", "additional_kwargs")
_CONTAINERS = (dict, list)


def read_message(found: dict[str, Any]) -> dict[str, Any]:
    """Role, content, tool calls, ids and the rest of a message whose fields are `found`."""
    kind = found.get("type")
    role = found.get("role") or _ROLES.get(kind, kind) if type(kind) is str else "unknown"
    read: dict[str, Any] = {"role": role}
    for name in _READ:
        value = found.get(name)
        if value is not None and not (type(value) in _EMPTY and not value):
            read[name] = _tool_calls(value) if name == "tool_calls" else value
    if found.get("status") == "error":
        read["status"] = "error"
    kwargs, artifact = found.get("additional_kwargs"), found.get("artifact")
    if kwargs or artifact is not None:
        extra = {k: v for k, v in kwargs.items() if v is not None and k not in _REPEATED} if kwargs else {}
        if artifact is not None:
            extra["artifact"] = artifact
        if extra:
            read["extra"] = extra
    return read


def _tool_calls(calls: Any) -> Any:
    if type(calls) is not list:
        return calls
    return [
        {"id": call.get("id"), "name": call.get("name"), "args": call.get("args")}
        if type(call) is dict
        else call
        for call in calls
    ]


def mark_message(message: Any) -> dict[str, Any]:
    """What `vars` of the message must go on to equal: its fields, with copies of what could be edited in place."""
    found = dict(vars(message))
    for name in _EDITABLE:
        value = found.get(name)
        if type(value) in _CONTAINERS:
            found[name] = _copy(value) if value else type(value)()
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
    register_message_type(BaseMessage, MessageType(read_message, mark_message, same_message, ids_of, vars))
