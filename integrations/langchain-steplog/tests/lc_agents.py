"""Real agents with scripted chat models, and short views of what was recorded of them."""

import json
from collections.abc import Iterator
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool


class ScriptedModel(BaseChatModel):
    """Answers with the messages of a script, one after the other; keeps the prompts it was given."""

    script: list[Any]
    prompts: list[list[dict[str, Any]]] = []  # noqa: RUF012 - pydantic copies defaults
    model_name: str = "scripted-1"
    calls: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools, **kwargs):
        return self.bind(tools=[convert_to_openai_tool(t) for t in tools], **kwargs)

    def next_answer(self, messages: list[BaseMessage]) -> AIMessage:
        self.prompts.append([seen(m) for m in messages])
        answer = self.script[self.calls % len(self.script)]
        self.calls += 1
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = answer(messages)
        answer = answer.model_copy()
        words = sum(len(str(m.content).split()) for m in messages)
        answer.usage_metadata = {"input_tokens": words, "output_tokens": 7, "total_tokens": words + 7}
        answer.response_metadata = {"model_name": self.model_name, "finish_reason": "stop"}
        return answer

    def _generate(self, messages, stop=None, run_manager=None, **kwargs) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.next_answer(messages))])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs) -> Iterator[ChatGenerationChunk]:
        answer = self.next_answer(messages)
        words = str(answer.content).split(" ")
        for i, word in enumerate(words):
            last = i == len(words) - 1
            message = AIMessageChunk(
                word if last else word + " ",
                usage_metadata=answer.usage_metadata if last else None,
                response_metadata=answer.response_metadata if last else {},
                tool_call_chunks=[
                    {"name": c["name"], "args": json.dumps(c["args"]), "id": c["id"], "index": k}
                    for k, c in enumerate(answer.tool_calls)
                ]
                if last
                else [],
            )
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                run_manager.on_llm_new_token(word, chunk=chunk)
            yield chunk


def seen(message: BaseMessage) -> dict[str, Any]:
    """A message as the log should give it back."""
    roles = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
    calls = [
        {"id": c["id"], "name": c["name"], "args": c["args"]}
        for c in getattr(message, "tool_calls", None) or []
    ]
    found = {
        "role": roles.get(message.type, message.type),
        "content": message.content,
        "tool_calls": json.loads(json.dumps(calls)),
        "id": message.id,
        "name": message.name,
        "tool_call_id": getattr(message, "tool_call_id", None),
    }
    return {k: v for k, v in found.items() if v}


def rebuilt(message: dict[str, Any]) -> dict[str, Any]:
    """A message of the log, in the same terms as `seen`."""
    return {k: v for k, v in message.items() if k not in ("m", "extra", "status") and v}


def calls(name: str, call_id: str, **args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[ToolCall(name=name, args=args, id=call_id)])


@tool
def fetch(page: str) -> str:
    """Fetch a page of 1,000 characters."""
    return f"page {page}: ".ljust(1000, "x")


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def looping_agent(turns: int, **kwargs: Any):
    """A `create_agent` agent that fetches a page in every turn but the last."""
    script = [calls("fetch", f"call_{i}", page=str(i)) for i in range(turns - 1)] + [AIMessage("done")]
    model = ScriptedModel(script=script)
    return create_agent(model, [fetch], **kwargs), model


def five_step_agent(**kwargs: Any):
    """Model, tool, model, tool, model."""
    script = [calls("add", "call_1", a=1, b=2), calls("fetch", "call_2", page="3"), AIMessage("done")]
    model = ScriptedModel(script=script)
    return create_agent(model, [add, fetch], name="five", **kwargs), model


def story(records: list[dict[str, Any]]) -> list[str]:
    """Start, end and point lines as short texts: number, parent, event, name, status."""
    out = []
    for r in records:
        if r["ev"].startswith("log."):
            continue
        where = f"{r.get('step', '-')}<{r['parent']}" if "parent" in r else f"{r.get('step', '-')}"
        words = [where, r["ev"], r.get("name"), r.get("status"), "implied" if r.get("implied") else None]
        out.append(" ".join(str(w) for w in words if w))
    return out
