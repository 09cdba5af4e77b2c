"""How an agent of LangChain answers when its budget is used up: its last model call has no tools, and tools are not run.

A callback can end a call and cannot change one. So, while a guard is on and at no other time, the entrances of chat models and
tools are wrapped: they ask the guard, and go on as ever where it says nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import wraps
from typing import Any, Final, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.tools import BaseTool

from steplog.integration import StepRecorder, recorders, told_instead, told_to_answer

_TOOLS: Final = ("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call")
# These providers refuse a conversation with tool calls in it where no tools are told: they keep them, and may choose none.
_NEEDS_TOOLS: Final[dict[str, dict[str, Any]]] = {
    "langchain_anthropic": {"tool_choice": {"type": "none"}},
    "langchain_aws": {},
}
_OBJECT: Final = ("ls_structured_output_format", "structured_output_format")  # its tool call is the answer
_replaced: list[tuple[type, str, Any, Any]] = []


def install() -> None:
    """Wrap, as a guard is on."""
    for cls, name, wrap in (
        (BaseChatModel, "invoke", _invoking),
        (BaseChatModel, "ainvoke", _ainvoking),
        (BaseChatModel, "stream", _streaming),
        (BaseChatModel, "astream", _astreaming),
        (BaseTool, "run", _running),
        (BaseTool, "arun", _arunning),
    ):
        original = vars(cls)[name]
        ours = wraps(original)(wrap(original))
        setattr(cls, name, ours)
        _replaced.append((cls, name, original, ours))


def uninstall() -> None:
    """Take the wraps away, as none is on any more."""
    while _replaced:
        cls, name, original, ours = _replaced.pop()
        if vars(cls).get(name) is ours:  # else somebody has wrapped it since
            setattr(cls, name, original)


# -- models


def _invoking(original: Any) -> Any:
    def invoke(
        self: BaseChatModel,
        input: Any,  # noqa: A002 - LangChain's name
        config: Any = None,
        **kwargs: Any,
    ) -> Any:
        changed = _last_call(self, input, config, kwargs)
        return (
            original(self, input, config, **kwargs)
            if changed is None
            else _answer(original(self, changed[0], config, **changed[1]))
        )

    return invoke


def _ainvoking(original: Any) -> Any:
    async def ainvoke(
        self: BaseChatModel,
        input: Any,  # noqa: A002 - LangChain's name
        config: Any = None,
        **kwargs: Any,
    ) -> Any:
        changed = _last_call(self, input, config, kwargs)
        if changed is None:
            return await original(self, input, config, **kwargs)
        return _answer(await original(self, changed[0], config, **changed[1]))

    return ainvoke


def _streaming(original: Any) -> Any:
    def stream(
        self: BaseChatModel,
        input: Any,  # noqa: A002 - LangChain's name
        config: Any = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        changed = _last_call(self, input, config, kwargs)
        if changed is None:
            yield from original(self, input, config, **kwargs)
            return
        for chunk in original(self, changed[0], config, **changed[1]):
            yield _answer(chunk)

    return stream


def _astreaming(original: Any) -> Any:
    async def astream(
        self: BaseChatModel,
        input: Any,  # noqa: A002 - LangChain's name
        config: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        changed = _last_call(self, input, config, kwargs)
        given, more = (input, kwargs) if changed is None else changed
        async for chunk in original(self, given, config, **more):
            yield chunk if changed is None else _answer(chunk)

    return astream


def _last_call(
    model: BaseChatModel, given: Any, config: Any, kwargs: dict[str, Any]
) -> tuple[Any, dict[str, Any]] | None:
    """The messages and arguments of an agent's last call; None where this is not one."""
    where = _place(config)
    words = None if where is None else told_to_answer(*where)
    if words is None or any(name in kwargs for name in _OBJECT):
        return None
    messages = _messages(given)
    if not (messages and messages[-1].content == words):
        messages = [*messages, HumanMessage(words)]
    keeps = _kept_tools(type(model))
    if keeps is not None and "tools" in kwargs:
        return messages, {**kwargs, **keeps}
    return messages, {name: value for name, value in kwargs.items() if name not in _TOOLS}


def _kept_tools(model: type) -> dict[str, Any] | None:
    homes = (base.__module__.partition(".")[0] for base in model.__mro__)
    return next((_NEEDS_TOOLS[home] for home in homes if home in _NEEDS_TOOLS), None)


def _messages(given: Any) -> list[Any]:
    if isinstance(given, PromptValue):
        return list(given.to_messages())
    return [HumanMessage(given)] if isinstance(given, str) else convert_to_messages(given)


def _answer(message: Any) -> Any:
    """The answer without the tool calls of a model that asks for tools nevertheless."""
    if not isinstance(message, AIMessage) or not (
        message.tool_calls or getattr(message, "tool_call_chunks", None)
    ):
        return message
    gone: dict[str, Any] = {"tool_calls": [], "invalid_tool_calls": []}
    if hasattr(message, "tool_call_chunks"):
        gone["tool_call_chunks"] = []
    said = message.content
    if isinstance(said, list):
        gone["content"] = [
            b
            for b in said
            if not (isinstance(b, dict) and b.get("type") in ("tool_use", "tool_call", "tool_call_chunk"))
        ]
    extra = {
        name: value
        for name, value in message.additional_kwargs.items()
        if name not in ("tool_calls", "function_call")
    }
    return message.model_copy(update={**gone, "additional_kwargs": extra})


# -- tools


def _running(original: Any) -> Any:
    def run(self: BaseTool, *args: Any, **kwargs: Any) -> Any:
        words = _refused(args, kwargs)
        return original(self, *args, **kwargs) if words is None else _told(self, words, kwargs)

    return run


def _arunning(original: Any) -> Any:
    async def arun(self: BaseTool, *args: Any, **kwargs: Any) -> Any:
        words = _refused(args, kwargs)
        return await original(self, *args, **kwargs) if words is None else _told(self, words, kwargs)

    return arun


def _refused(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    callbacks = kwargs.get("callbacks") or (args[4] if len(args) > 4 else None)
    where = _place(kwargs.get("config") or {"callbacks": callbacks})
    return None if where is None else told_instead(*where)


def _told(tool: BaseTool, words: str, kwargs: dict[str, Any]) -> Any:
    call_id = kwargs.get("tool_call_id")
    return ToolMessage(words, name=tool.name, tool_call_id=call_id, status="error") if call_id else words


# -- where a call is made


def _place(config: Any) -> tuple[StepRecorder, UUID] | None:
    """Who records the step in which a call is made, and that step's id; None where nobody does."""
    given = cast("RunnableConfig", config) if isinstance(config, dict) else None
    around = ensure_config(given).get("callbacks")
    parent = around.parent_run_id if isinstance(around, BaseCallbackManager) else None
    if parent is None:
        return None
    return next(((each, parent) for each in recorders() if each.state_of(parent) is not None), None)
