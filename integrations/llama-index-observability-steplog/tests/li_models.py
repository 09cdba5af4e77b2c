"""Models that answer by a script, in LlamaIndex's own classes; and short views of what was recorded."""

from typing import Any

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
from llama_index.core.tools import ToolSelection


class Bare(FunctionCallingLLM):
    """Answers with a script's texts and tool calls, one after the other; its methods announce nothing."""

    script: list[Any] = []  # noqa: RUF012 - pydantic copies defaults
    calls: int = 0
    model: str = "scripted-1"

    @property
    def metadata(self):
        return LLMMetadata(model_name=self.model, is_function_calling_model=True, is_chat_model=True)

    def answer(self) -> ChatResponse:
        said = self.script[self.calls % len(self.script)]
        self.calls += 1
        if isinstance(said, BaseException):
            raise said
        if isinstance(said, str):
            return ChatResponse(message=ChatMessage(said, role="assistant"), delta=said)
        blocks = [
            ToolCallBlock(tool_call_id=f"call_{self.calls}_{i}", tool_name=name, tool_kwargs=args)
            for i, (name, args) in enumerate(said if isinstance(said, list) else [said])
        ]
        return ChatResponse(message=ChatMessage(role="assistant", blocks=blocks), delta="")

    def chunks(self):
        whole = self.answer()
        texts = [b.text for b in whole.message.blocks if isinstance(b, TextBlock)]
        if not texts:
            yield whole
            return
        words = texts[0].split(" ")
        for i, word in enumerate(words):
            text = " ".join(words[: i + 1])
            if word == "!":
                raise RuntimeError("the stream broke")
            yield ChatResponse(
                message=ChatMessage(text, role="assistant"), delta=word if i == 0 else " " + word
            )

    def _prepare_chat_with_tools(self, tools, user_msg=None, chat_history=None, **_):
        messages = list(chat_history or [])
        if user_msg is not None:
            messages.append(ChatMessage(user_msg) if isinstance(user_msg, str) else user_msg)
        return {"messages": messages, "tools": [t.metadata.to_openai_tool() for t in tools]}

    def get_tool_calls_from_response(self, response, error_on_no_tool_call=True, **_):
        return [
            ToolSelection(tool_id=b.tool_call_id, tool_name=b.tool_name, tool_kwargs=b.tool_kwargs)
            for b in response.message.blocks
            if isinstance(b, ToolCallBlock)
        ]

    def chat(self, messages, **_):
        return self.answer()

    async def achat(self, messages, **_):
        return self.answer()

    def stream_chat(self, messages, **_):
        return self.chunks()

    async def astream_chat(self, messages, **_):
        async def stream():
            for chunk in self.chunks():
                yield chunk

        return stream()

    def complete(self, prompt, formatted=False, **_):
        return CompletionResponse(text=self.answer().message.content)

    async def acomplete(self, prompt, formatted=False, **_):
        return CompletionResponse(text=self.answer().message.content)

    def stream_complete(self, prompt, formatted=False, **_):
        def stream():
            for chunk in self.chunks():
                yield CompletionResponse(text=chunk.message.content, delta=chunk.delta)

        return stream()

    async def astream_complete(self, prompt, formatted=False, **_):
        async def stream():
            for chunk in self.chunks():
                yield CompletionResponse(text=chunk.message.content, delta=chunk.delta)

        return stream()


class Scripted(Bare):
    """As `Bare`, with the decorators that LlamaIndex's own clients have."""

    @llm_chat_callback()
    def chat(self, messages, **_):
        return self.answer()

    @llm_chat_callback()
    def stream_chat(self, messages, **_):
        return self.chunks()

    @llm_chat_callback()
    async def achat(self, messages, **_):
        return self.answer()

    @llm_chat_callback()
    async def astream_chat(self, messages, **_):
        async def stream():
            for chunk in self.chunks():
                yield chunk

        return stream()

    @llm_completion_callback()
    def complete(self, prompt, formatted=False, **_):
        return CompletionResponse(text=self.answer().message.content)

    @llm_completion_callback()
    def stream_complete(self, prompt, formatted=False, **_):
        def stream():
            for chunk in self.chunks():
                yield CompletionResponse(text=chunk.message.content, delta=chunk.delta)

        return stream()


def tree(run_or_step, depth=0):
    """A run's steps as indented lines: kind, name, status where it is not ok."""
    lines = []
    for step in run_or_step.children:
        status = "" if step.status == "ok" or step.point else f" [{step.status}]"
        lines.append("  " * depth + " ".join(filter(None, [step.kind, step.name])) + status)
        lines.extend(tree(step, depth + 1))
    return lines


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def boom(a: int) -> int:
    """Fail."""
    raise ValueError(f"cannot take {a}")
