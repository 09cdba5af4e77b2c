"""A chat model, and tools, that answer from a recorded run: offline tests of the agent that made it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Literal, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, PrivateAttr

from steplog import Run
from steplog.testing import RecordedCall, RecordedCalls, RecordedTools

_USAGE = (
    ("cache_read_tokens", "input_token_details", "cache_read"),
    ("cache_write_tokens", "input_token_details", "cache_creation"),
    ("reasoning_tokens", "output_token_details", "reasoning"),
)


class ReplayModel(BaseChatModel):
    """Answers as the model of a recorded run did: text, tool calls, usage, finish reason; streamed, too, and as objects.

    ```python
    run = steplog.read("logs").run("@last")
    agent = create_agent(ReplayModel(run), tools)
    assert agent.invoke(run.input)["messages"][-1].content == "About 63 days."
    ```

    A call is answered by the recorded one that was sent the same prompt. With `strict` the first prompt that was not
    recorded raises `steplog.testing.PromptChanged` with the difference in words; else the next recorded call in order
    answers. `agent` takes only the calls of the agent with this name. `tools="recorded"` lets `replayed(tools)` give tools that
    answer from the run as well. Raises `steplog.testing.CannotReplay` at once where an answer was not recorded whole.
    """

    _calls: RecordedCalls = PrivateAttr()
    _tools: RecordedTools | None = PrivateAttr(default=None)

    def __init__(
        self,
        run: Run,
        *,
        agent: str | None = None,
        strict: bool = True,
        tools: Literal["live", "recorded"] = "live",
    ) -> None:
        """Read the run's calls; whatever cannot be replayed is said now."""
        calls = RecordedCalls(run, agent=agent, strict=strict)
        # By this `create_agent` decides how it asks for an object: as it did when the run was recorded.
        super().__init__(profile={"structured_output": "response_format" in calls.params})
        self._calls = calls
        self._tools = RecordedTools(run) if tools == "recorded" else None

    @property
    def left(self) -> int:
        """How many recorded calls nobody has asked for yet; 0 when the whole run was replayed."""
        return self._calls.left

    def replayed(self, tools: Sequence[BaseTool]) -> list[BaseTool]:
        """The tools with their names and arguments, answering from the run; as they are with `tools="live"`."""
        return list(tools) if self._tools is None else recorded_tools(self._tools, tools)

    # -- what LangChain asks of a chat model

    @property
    def _llm_type(self) -> str:
        return "steplog-replay"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Self:  # pyright: ignore[reportIncompatibleMethodOverride] - itself
        """Itself: which tools there are stands in the recorded answers."""
        del tools
        return self

    def with_structured_output(  # pyright: ignore[reportIncompatibleMethodOverride] - what it has no use for is in `_`
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **_: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """The recorded answers as objects, whether they were given as a tool call or as JSON."""

        def read(answer: AIMessage) -> Any:
            parsed = _object(answer, schema)
            return {"raw": answer, "parsed": parsed, "parsing_error": None} if include_raw else parsed

        return self | RunnableLambda(read)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        del stop, run_manager
        call = self._calls.take(messages)
        return ChatResult(generations=[ChatGeneration(message=_message(call), generation_info=_info(call))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        del stop
        for chunk in _chunks(self._calls.take(messages)):
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del stop
        for chunk in _chunks(self._calls.take(messages)):
            if run_manager is not None:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def recorded_tools(recorded: RecordedTools | Run, tools: Sequence[BaseTool]) -> list[BaseTool]:
    """Tools with the same names, descriptions and arguments that answer from a recorded run; none of their code is run."""
    answers = recorded if isinstance(recorded, RecordedTools) else RecordedTools(recorded)

    def replaying(tool: BaseTool) -> BaseTool:
        asked = _asked_of_the_model(tool)

        def call(**args: Any) -> Any:
            return answers.take(tool.name, {name: value for name, value in args.items() if name in asked})

        return StructuredTool.from_function(
            call, name=tool.name, description=tool.description, args_schema=tool.args_schema, infer_schema=False,
            return_direct=tool.return_direct,
        )  # fmt: skip

    return [replaying(tool) for tool in tools]


def _asked_of_the_model(tool: BaseTool) -> frozenset[str]:
    """The arguments that a model gives; others, such as the state, are put in by LangGraph."""
    schema: Any = tool.tool_call_schema
    return frozenset(schema.get("properties", ()) if isinstance(schema, dict) else schema.model_fields)


def _message(call: RecordedCall) -> AIMessage:
    answer = call.answer
    calls: Any = answer.get("tool_calls") or []
    return AIMessage(
        content=answer.get("content") or "",
        tool_calls=[{"name": c["name"], "args": c.get("args") or {}, "id": c.get("id")} for c in calls],
        id=answer.get("id"),
        name=answer.get("name"),
        usage_metadata=_usage(call.usage),  # pyright: ignore[reportArgumentType] - a TypedDict, made from counts by name
        response_metadata=_info(call) | ({"model_name": call.model} if call.model else {}),
    )


def _object(answer: AIMessage, schema: dict[str, Any] | type) -> Any:
    given = answer.tool_calls[0]["args"] if answer.tool_calls else json.loads(answer.text)
    return (
        schema.model_validate(given) if isinstance(schema, type) and issubclass(schema, BaseModel) else given
    )


def _info(call: RecordedCall) -> dict[str, Any]:
    return {"finish_reason": call.finish_reason} if call.finish_reason else {}


def _usage(usage: Mapping[str, int]) -> dict[str, Any] | None:
    if "input_tokens" not in usage and "output_tokens" not in usage:
        return None
    given, made = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
    told: dict[str, Any] = {
        "input_tokens": given,
        "output_tokens": made,
        "total_tokens": usage.get("total_tokens", given + made),
    }
    for ours, details, theirs in _USAGE:
        if ours in usage:
            told.setdefault(details, {})[theirs] = usage[ours]
    return told


def _chunks(call: RecordedCall) -> Iterator[ChatGenerationChunk]:
    """The answer as a stream: its text word by word, then the tool calls, then what ends it."""
    whole = _message(call)
    if isinstance(whole.content, str):
        for at, word in enumerate(whole.content.split(" ")):
            yield _chunk(f" {word}" if at else word, whole)
    else:
        yield _chunk(whole.content, whole)
    for index, asked in enumerate(whole.tool_calls):
        piece = ToolCallChunk(name=asked["name"], args=json.dumps(asked["args"]), id=asked["id"], index=index)
        yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[piece], id=whole.id))
    last = AIMessageChunk(
        content="",
        usage_metadata=whole.usage_metadata,
        id=whole.id,
        response_metadata=whole.response_metadata,
    )
    yield ChatGenerationChunk(message=last, generation_info=_info(call) or None)


def _chunk(content: Any, whole: AIMessage) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=content, id=whole.id))
