"""A chat model that answers from a script in no time, so that what is left is the framework and the recorder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, tool
from langchain_core.utils.function_calling import convert_to_openai_tool

SYSTEM = (
    "You are a careful research assistant. Look things up in the notes before you answer, calculate with the "
    "calculator and never in your head, name the notes that an answer rests on, and say so when they do not hold "
    "what is asked for. Answer in two sentences at most, in the language of the question, with units and sources. "
) * 2
QUESTION = "How many days does a rowing crew need for the whole length of the Danube at its usual pace?"
FOUND = (
    "The Danube is 2850 km long and passes ten countries on its way from the Black Forest to the Black Sea. "
    * 8
)
ANSWER = "About 47 days: 2850 km at 60 km a day, by the notes on rivers and on boats. " * 4


@tool
def search_notes(query: str) -> str:  # noqa: ARG001 - what is found is fixed
    """Search the notes and return the lines that share the most words with the query."""
    return FOUND


@tool
def calculate(expression: str) -> str:  # noqa: ARG001 - as above
    """Evaluate an arithmetic expression with + - * / and brackets."""
    return "47.5"


class ScriptedModel(BaseChatModel):
    """Asks for tools `turns - 1` times, then answers; by the number of messages it sees, so it holds no state."""

    model_name: str = "scripted-1"
    turns: int = 3
    tokens: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[BaseTool], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Offer tools in the shape that chat model providers use."""
        return self.bind(tools=[convert_to_openai_tool(t) for t in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - the signature is LangChain's
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - as above
        **_: Any,
    ) -> ChatResult:
        done = sum(m.type == "tool" for m in messages)
        return ChatResult(generations=[ChatGeneration(message=self._answer(done))])

    def _answer(self, done: int) -> AIMessage:
        if done >= self.turns - 1:
            message = AIMessage(ANSWER)
        elif done % 2:
            message = AIMessage("", tool_calls=[_call("calculate", done, expression=f"2850 / 60 + {done}")])
        else:
            message = AIMessage(
                "", tool_calls=[_call("search_notes", done, query=f"Danube length, page {done}")]
            )
        message.usage_metadata = {"input_tokens": 812, "output_tokens": 46, "total_tokens": 858}
        message.response_metadata = {
            "model_name": "scripted-1-0825",
            "finish_reason": "stop",
            "id": f"resp-{done}",
        }
        return message

    def _stream(
        self,
        messages: list[BaseMessage],  # noqa: ARG002 - as above
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for n in range(self.tokens):
            chunk = ChatGenerationChunk(message=AIMessageChunk(f"word{n} "))
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def _call(name: str, number: int, **args: Any) -> ToolCall:
    return ToolCall(name=name, args=args, id=f"call_{number}")
