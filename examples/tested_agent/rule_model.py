"""A stand-in for a chat model: it follows rules, so that tests need neither a key nor a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

CENTS_AT_ONCE = 10_000


class RuleModel(BaseChatModel):
    """Looks an order up; refunds it where that is asked for and the order may be refunded; answers.

    With `stubborn` it looks the order up again and again, as models do at times.
    """

    model_name: str = "gpt-4o-mini"
    stubborn: bool = False

    @property
    def _llm_type(self) -> str:
        return "rules"

    def bind_tools(self, tools: Sequence[BaseTool], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Offer tools to the model, in the shape that chat model providers use."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - the signature is LangChain's
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - as above
        **given: Any,
    ) -> ChatResult:
        answer = self._answer(messages, has_tools=bool(given.get("tools")))
        words = sum(len(str(message.content).split()) for message in messages)
        answer.usage_metadata = {"input_tokens": words, "output_tokens": 8, "total_tokens": words + 8}
        answer.response_metadata = {"model_name": self.model_name, "finish_reason": "stop"}
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _answer(self, messages: list[BaseMessage], *, has_tools: bool) -> AIMessage:
        question = next(
            str(m.content)
            for m in reversed(messages)
            if isinstance(m, HumanMessage) and "budget" not in str(m.content)
        )
        results = [str(m.content) for m in messages if isinstance(m, ToolMessage)]
        order = re.search(r"[A-Z]-\d+", question)
        if order is None:
            return AIMessage("Which order is it? The number stands in your mail, such as A-17.")
        if not has_tools:
            return AIMessage(f"I could not finish this; so far: {results[-1] if results else 'nothing'}")
        if not results or self.stubborn:
            return _call("find_order", f"call_{len(results)}", number=order[0])
        return self._after_looking(question, order[0], results)

    def _after_looking(self, question: str, order: str, results: list[str]) -> AIMessage:
        paid = re.search(r"(\d+) cents", results[0])
        if "refund" not in question.lower() or paid is None or len(results) > 1:
            return AIMessage(results[-1])
        if int(paid[1]) > CENTS_AT_ONCE:
            return AIMessage(f"Order {order} is above 100.00: a colleague will decide.")
        return _call("refund", "call_refund", number=order, cents=int(paid[1]))


def _call(name: str, call_id: str, **args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[ToolCall(name=name, args=args, id=call_id)])
