"""Workloads on LlamaIndex."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from stepbench.model import ANSWER, FOUND, QUESTION, SYSTEM
from stepbench.variant import Skipped
from stepbench.workload import RunOnce, Workload


def _function_agent() -> RunOnce:
    try:
        from llama_index.core.agent.workflow import FunctionAgent
        from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
        from llama_index.core.llms.mock import MockFunctionCallingLLM
        from llama_index.core.tools import FunctionTool
    except ImportError as error:
        raise Skipped(str(error)) from None

    def answer(messages: Sequence[Any], **_: Any) -> ChatMessage:
        done = sum(m.role == "tool" for m in messages)
        if done >= 2:
            return ChatMessage(role="assistant", content=ANSWER)
        name, args = (
            ("search_notes", {"query": "Danube"}) if not done else ("calculate", {"expression": "2850 / 60"})
        )
        call = ToolCallBlock(tool_call_id=f"call_{done}", tool_name=name, tool_kwargs=args)
        return ChatMessage(role="assistant", blocks=[call])

    def search_notes(query: str) -> str:  # noqa: ARG001 - what is found is fixed
        """Search the notes and return the lines that share the most words with the query."""
        return FOUND

    def calculate(expression: str) -> str:  # noqa: ARG001 - as above
        """Evaluate an arithmetic expression with + - * / and brackets."""
        return "47.5"

    agent = FunctionAgent(
        name="research",
        tools=[FunctionTool.from_defaults(search_notes), FunctionTool.from_defaults(calculate)],
        llm=MockFunctionCallingLLM(response_generator=answer, is_chat_model=True),
        system_prompt=SYSTEM,
        streaming=False,
    )
    loop = asyncio.new_event_loop()

    async def ask() -> None:
        await agent.run(QUESTION)

    return lambda _: loop.run_until_complete(ask())


def _query_engine() -> RunOnce:
    try:
        from llama_index.core import Document, VectorStoreIndex
        from llama_index.core.embeddings import MockEmbedding
        from llama_index.core.llms import MockLLM
    except ImportError as error:
        raise Skipped(str(error)) from None
    index = VectorStoreIndex.from_documents(
        [Document(text=f"Note {n}. {FOUND}") for n in range(8)], embed_model=MockEmbedding(embed_dim=64)
    )
    engine = index.as_query_engine(llm=MockLLM(), similarity_top_k=4)
    return lambda _: engine.query(QUESTION)


WORK = (
    Workload(
        "llama-agent", "FunctionAgent: model, search, model, calculator, model", "llama-index", _function_agent,
        "run", 1, rounds=15, mode="async", peers=True,
    ),
    Workload(
        "llama-query", "query engine over 8 documents, top 4", "llama-index", _query_engine, "run", 1, rounds=15,
        peers=True,
    ),
)  # fmt: skip
