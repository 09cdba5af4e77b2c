"""LangChain's messages in the format's words, read without running their code."""

from __future__ import annotations

from operator import attrgetter
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
_CONTAINERS = frozenset({dict, list})
_SELDOM = ("invalid_tool_calls", "tool_call_id")


def take_message(message: Any) -> tuple[dict[str, Any], dict[str, Any], tuple[Any, Any]]:
    """What `__dict__` of the message must go on to equal; role, content, tool calls and the rest of it; its id and name."""
    mark = dict(vars(message))
    kind, content, calls = mark.get("type"), mark.get("content"), mark.get("tool_calls")
    role = mark.get("role") or _ROLES.get(kind, kind) if type(kind) is str else "unknown"
    read: dict[str, Any] = {"role": role}
    # Types first: to ask another object whether it is empty would run its code.
    if type(content) is str and content:
        read["content"] = content
    elif content is not None:
        _take(mark, read, "content")
    if type(calls) is list and calls:
        mark["tool_calls"], read["tool_calls"] = _tool_calls(calls)
    elif calls is not None:
        _take(mark, read, "tool_calls")
    for name in _SELDOM:
        if mark.get(name) is not None:
            _take(mark, read, name)
    if mark.get("status") == "error":
        read["status"] = "error"
    kwargs = mark.get("additional_kwargs")
    if type(kwargs) is dict:
        mark["additional_kwargs"] = _copy(kwargs) if kwargs else {}
    if (type(kwargs) is dict and kwargs) or mark.get("artifact") is not None:
        _take_extra(mark, read)
    return mark, read, ids_in(mark)


def _take(mark: dict[str, Any], read: dict[str, Any], name: str) -> None:
    """Read a field, and mark it by a copy if it is a container."""
    value = mark[name]
    if type(value) in _CONTAINERS:
        value = mark[name] = _copy(value)
    if not (type(value) in _EMPTY and not value):
        read[name] = value


def _take_extra(mark: dict[str, Any], read: dict[str, Any]) -> None:
    kwargs, artifact = mark.get("additional_kwargs"), mark.get("artifact")
    extra: dict[str, Any] = {}
    if type(kwargs) is dict:
        extra = {k: v for k, v in kwargs.items() if v is not None and k not in _REPEATED}
    if artifact is not None:
        extra["artifact"] = artifact
    if extra:
        read["extra"] = extra


def _tool_calls(calls: list[Any]) -> tuple[list[Any], list[Any]]:
    """A copy of tool calls, and what of them is told."""
    copies: list[Any] = []
    told: list[Any] = []
    for call in list(calls):
        copy = _copy(call) if type(call) in _CONTAINERS else call
        copies.append(copy)
        if type(copy) is dict:
            copy = {"id": copy.get("id"), "name": copy.get("name"), "args": copy.get("args")}
        told.append(copy)
    return copies, told


def same_message(message: Any, mark: dict[str, Any]) -> bool:
    """Whether nothing was edited of what is written, ids aside; a few look-ups for one with a text as content."""
    found = message.__dict__
    return (
        found.get("content") == mark.get("content")
        and found.get("tool_calls") == mark.get("tool_calls")
        and found.get("additional_kwargs") == mark.get("additional_kwargs")
    )


def ids_of(message: Any) -> tuple[Any, Any]:
    """What LangGraph and agents add to a message after it was first seen: id and name."""
    return ids_in(message.__dict__)


def ids_in(found: dict[str, Any]) -> tuple[Any, Any]:
    """Id and name among a message's fields, None where there is none."""
    identity, name = found.get("id"), found.get("name")
    return (
        None if type(identity) is str and not identity else identity,
        None if type(name) is str and not name else name,
    )


def _copy(value: Any) -> Any:
    # Types first, in C, and loops instead of comprehensions: it is run in hooks, and most containers have none in them.
    if type(value) is dict:
        fields = dict(value)
        if not _CONTAINERS.isdisjoint(map(type, fields.values())):
            for name, inner in fields.items():  # not of `value`, which another thread may change
                if type(inner) in _CONTAINERS:
                    fields[name] = _copy(inner)
        return fields
    items = list(value)
    if not _CONTAINERS.isdisjoint(map(type, items)):
        for i, inner in enumerate(items):
            if type(inner) in _CONTAINERS:
                items[i] = _copy(inner)
    return items


def register() -> None:
    """Make LangChain's messages known to every log of this process."""
    register_message_type(
        BaseMessage, MessageType(take_message, same_message, ids_of, attrgetter("__dict__"))
    )
