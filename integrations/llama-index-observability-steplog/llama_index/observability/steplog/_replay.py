"""A model that answers from a recorded run: offline tests of the agent that made it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import Any, Literal, TypeVar, cast

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.tools import FunctionTool, ToolSelection
from llama_index.core.tools.types import BaseTool
from pydantic import PrivateAttr

from steplog import Run
from steplog.testing import RecordedCall, RecordedCalls, RecordedTools

F = TypeVar("F", bound=Callable[..., Any])


def _announced_chat(method: F) -> F:
    """LlamaIndex's decorator, which has no types: what it gives is called as what it was given."""
    return cast("F", llm_chat_callback()(method))


def _announced_completion(method: F) -> F:
    """LlamaIndex's decorator for answers to a text."""
    return cast("F", llm_completion_callback()(method))


class ReplayLLM(FunctionCallingLLM):
    """Answers as the model of a recorded run did: text, tool calls, usage; streamed, too, and as objects.

    ```python
    run = steplog.read("logs").run("@last")
    agent = FunctionAgent(tools=tools, llm=ReplayLLM(run))
    ```

    A call is answered by the recorded one that was sent the same prompt. With `strict` the first prompt that was not
    recorded raises `steplog.testing.PromptChanged` with the difference in words; else the next recorded call in order
    answers. `agent` takes only the calls of the agent with this name. `tools="recorded"` lets `replayed(tools)` give tools that
    answer from the run as well. Raises `steplog.testing.CannotReplay` at once where an answer was not recorded whole.
    """

    model: str = "steplog-replay"
    _calls: RecordedCalls = PrivateAttr()
    _tools: RecordedTools | None = PrivateAttr(default=None)

    def __init__(
        self,
        run: Run,
        *,
        agent: str | None = None,
        strict: bool = True,
        tools: Literal["live", "recorded"] = "live",
        **settings: Any,
    ) -> None:
        """Read the run's calls; whatever cannot be replayed is said now. `settings` are those of any LlamaIndex model."""
        calls = RecordedCalls(run, agent=agent, strict=strict)
        # Without a name where the log has none: the run that is played again must tell the same.
        super().__init__(**{"model": calls.model or "", **settings})
        self._calls = calls
        self._tools = RecordedTools(run) if tools == "recorded" else None

    @property
    def left(self) -> int:
        """How many recorded calls nobody has asked for yet; 0 when the whole run was replayed."""
        return self._calls.left

    def replayed(self, tools: Sequence[BaseTool]) -> list[BaseTool]:
        """The tools with their names and arguments, answering from the run; as they are with `tools="live"`."""
        return list(tools) if self._tools is None else list(recorded_tools(self._tools, tools))

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex shows."""
        return "ReplayLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex asks of a model: it calls tools, and chats or completes texts as the recorded one did."""
        chats = self._calls.is_chat
        return LLMMetadata(model_name=self.model, is_chat_model=chats, is_function_calling_model=True)

    # -- answers

    @_announced_chat
    def chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        """The recorded answer to these messages."""
        return _response(self._take(messages))

    @_announced_chat
    async def achat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        """As `chat`."""
        return _response(self._take(messages))

    @_announced_chat
    def stream_chat(self, messages: Sequence[ChatMessage], **_: Any) -> Generator[ChatResponse, None, None]:
        """The recorded answer word by word."""
        call = self._take(messages)
        return (chunk for chunk in _chunks(call))

    @_announced_chat
    async def astream_chat(
        self, messages: Sequence[ChatMessage], **_: Any
    ) -> AsyncGenerator[ChatResponse, None]:
        """As `stream_chat`."""
        call = self._take(messages)

        async def stream() -> AsyncGenerator[ChatResponse, None]:
            for chunk in _chunks(call):
                yield chunk

        return stream()

    @_announced_completion
    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        """The recorded answer to a text."""
        del formatted
        return _completion(self._take([ChatMessage(prompt)]))

    @_announced_completion
    async def acomplete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        """As `complete`."""
        del formatted
        return _completion(self._take([ChatMessage(prompt)]))

    @_announced_completion
    def stream_complete(
        self, prompt: str, formatted: bool = False, **_: Any
    ) -> Generator[CompletionResponse, None, None]:
        """The recorded answer to a text, word by word."""
        del formatted
        call = self._take([ChatMessage(prompt)])
        return (CompletionResponse(text=c.message.content or "", delta=c.delta) for c in _chunks(call))

    @_announced_completion
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **_: Any
    ) -> AsyncGenerator[CompletionResponse, None]:
        """As `stream_complete`."""
        del formatted
        call = self._take([ChatMessage(prompt)])

        async def stream() -> AsyncGenerator[CompletionResponse, None]:
            for chunk in _chunks(call):
                yield CompletionResponse(text=chunk.message.content or "", delta=chunk.delta)

        return stream()

    # -- tools

    def _prepare_chat_with_tools(  # pyright: ignore[reportIncompatibleMethodOverride] - what it has no use for is in `_`
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if user_msg is not None:
            messages.append(ChatMessage(user_msg) if isinstance(user_msg, str) else user_msg)
        return {"messages": messages, "tools": [tool.metadata.to_openai_tool() for tool in tools]}

    def get_tool_calls_from_response(
        self,
        response: ChatResponse,
        error_on_no_tool_call: bool = True,
        **_: Any,
    ) -> list[ToolSelection]:
        """The tool calls of a recorded answer."""
        found = [
            ToolSelection(
                tool_id=block.tool_call_id or "",
                tool_name=block.tool_name,
                tool_kwargs=block.tool_kwargs if isinstance(block.tool_kwargs, dict) else {},
            )
            for block in response.message.blocks
            if isinstance(block, ToolCallBlock)
        ]
        if error_on_no_tool_call and not found:
            raise ValueError("the recorded answer calls no tool")
        return found

    def _take(self, messages: Sequence[ChatMessage]) -> RecordedCall:
        return self._calls.take(list(messages))


def recorded_tools(recorded: RecordedTools | Run, tools: Sequence[BaseTool]) -> list[FunctionTool]:
    """Tools with the same names, descriptions and arguments that answer from a recorded run; none of their code is run."""
    answers = recorded if isinstance(recorded, RecordedTools) else RecordedTools(recorded)

    def replaying(tool: BaseTool) -> FunctionTool:
        name = tool.metadata.get_name()

        def call(**args: Any) -> Any:
            return answers.take(name, args)

        return FunctionTool(fn=call, metadata=tool.metadata)

    return [replaying(tool) for tool in tools]


def _message(call: RecordedCall) -> ChatMessage:
    content, calls = call.answer.get("content"), call.answer.get("tool_calls") or []
    texts = (
        [content]
        if isinstance(content, str)
        else [b.get("text", "") for b in content or [] if isinstance(b, dict)]
    )
    blocks: list[Any] = [TextBlock(text=text) for text in texts if text]
    blocks += [
        ToolCallBlock(tool_call_id=c.get("id"), tool_name=c["name"], tool_kwargs=c.get("args") or {})
        for c in calls
    ]
    return ChatMessage(role="assistant", blocks=blocks)


def _extra(call: RecordedCall) -> dict[str, Any]:
    """Tokens as LlamaIndex's own clients give them."""
    usage = call.usage
    names = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
    return {theirs: usage[ours] for theirs, ours in names if ours in usage}


def _response(call: RecordedCall) -> ChatResponse:
    raw = {"model": call.model, "usage": _extra(call)} if call.model else {"usage": _extra(call)}
    return ChatResponse(message=_message(call), raw=raw, additional_kwargs=_extra(call))


def _completion(call: RecordedCall) -> CompletionResponse:
    return CompletionResponse(text=_message(call).content or "", additional_kwargs=_extra(call))


def _chunks(call: RecordedCall) -> Generator[ChatResponse, None, None]:
    """The answer growing word by word; its tool calls come whole, with the last piece."""
    whole = _message(call)
    words = (whole.content or "").split(" ") if whole.content else []
    for at, word in enumerate(words):
        said = ChatMessage(" ".join(words[: at + 1]), role="assistant")
        yield ChatResponse(message=said, delta=word if at == 0 else f" {word}")
    yield ChatResponse(message=whole, delta="", raw={"usage": _extra(call)}, additional_kwargs=_extra(call))
