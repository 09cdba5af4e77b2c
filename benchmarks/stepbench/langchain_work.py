"""Workloads on LangChain."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage

from stepbench.model import QUESTION, SYSTEM, ScriptedModel, calculate, search_notes
from stepbench.workload import RunOnce, Workload


def agent_of(turns: int) -> Any:
    """An agent whose model is called `turns` times."""
    return create_agent(
        ScriptedModel(turns=turns), [search_notes, calculate], system_prompt=SYSTEM, name="research"
    )


def asked(question: str = QUESTION) -> dict[str, Any]:
    """An agent's input."""
    return {"messages": [HumanMessage(question)]}


def _five_steps() -> RunOnce:
    agent = agent_of(3)
    return lambda handlers: agent.invoke(asked(), {"callbacks": handlers})


def _one_call() -> RunOnce:
    model = ScriptedModel(turns=1)
    return lambda handlers: model.invoke(
        [SystemMessage(SYSTEM), HumanMessage(QUESTION)], {"callbacks": handlers}
    )


def _fifty_at_once() -> RunOnce:
    agent = agent_of(3)
    loop = asyncio.new_event_loop()

    async def all_of_them(handlers: list[Any]) -> None:
        await asyncio.gather(*(agent.ainvoke(asked(), {"callbacks": handlers}) for _ in range(50)))

    return lambda handlers: loop.run_until_complete(all_of_them(handlers))


def _stream() -> RunOnce:
    model = ScriptedModel(tokens=500)

    def run(handlers: list[Any]) -> None:
        for _ in model.stream([HumanMessage(QUESTION)], {"callbacks": handlers}):
            pass

    return run


def _long_agent() -> RunOnce:
    agent = agent_of(160)
    return lambda handlers: agent.invoke(asked(), {"callbacks": handlers, "recursion_limit": 1000})


WORK = (
    Workload(
        "five-step", "create_agent: model, search, model, calculator, model", "langchain", _five_steps,
        "hook", 22, rounds=25, peers=True,
    ),
    Workload("one-call", "one chat model call, no agent", "langchain", _one_call, "hook", 2, rounds=25, block=20),
    Workload("stream", "one chat model call, streamed in 500 tokens", "langchain", _stream, "token", 500, block=4),
    Workload(
        "fifty-async", "50 five-step agents at once in one event loop", "langchain", _fifty_at_once,
        "run", 50, rounds=4, block=1, mode="async", peers=True,
    ),
    Workload(
        "long-agent", "one agent run of 160 model calls, its history growing", "langchain", _long_agent,
        "turn", 160, rounds=2, block=1,
    ),
)  # fmt: skip
