"""What a workload is, and those that run on LangChain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage

from stepbench.model import QUESTION, SYSTEM, ScriptedModel, calculate, search_notes
from stepbench.variant import Mode

RunOnce = Callable[[list[Any]], object]  # given the handlers of a variant


@dataclass(frozen=True)
class Workload:
    """A piece of work to be done again and again with different recorders.

    framework: which recorders it can take.
    prepare: makes what may be reused, and returns what runs once.
    unit, units: what its added cost is divided by, and how many of these one run has.
    block: runs of one variant in a row, before the next variant's turn.
    mode: whether its hooks are called in an event loop.
    """

    name: str
    says: str
    framework: str
    prepare: Callable[[], RunOnce]
    unit: str
    units: int
    block: int = 5
    mode: Mode = "sync"


def _agent(turns: int) -> Any:
    return create_agent(
        ScriptedModel(turns=turns), [search_notes, calculate], system_prompt=SYSTEM, name="research"
    )


def _five_steps() -> RunOnce:
    agent = _agent(3)
    return lambda handlers: agent.invoke(_asked(), {"callbacks": handlers})


def _one_call() -> RunOnce:
    model = ScriptedModel(turns=1)
    return lambda handlers: model.invoke(
        [SystemMessage(SYSTEM), HumanMessage(QUESTION)], {"callbacks": handlers}
    )


def _fifty_at_once() -> RunOnce:
    agent = _agent(3)
    loop = asyncio.new_event_loop()

    async def all_of_them(handlers: list[Any]) -> None:
        await asyncio.gather(*(agent.ainvoke(_asked(), {"callbacks": handlers}) for _ in range(50)))

    return lambda handlers: loop.run_until_complete(all_of_them(handlers))


def _stream() -> RunOnce:
    model = ScriptedModel(tokens=500)

    def run(handlers: list[Any]) -> None:
        for _ in model.stream([HumanMessage(QUESTION)], {"callbacks": handlers}):
            pass

    return run


def _long_agent() -> RunOnce:
    agent = _agent(160)
    return lambda handlers: agent.invoke(_asked(), {"callbacks": handlers, "recursion_limit": 1000})


def _asked() -> dict[str, Any]:
    return {"messages": [HumanMessage(QUESTION)]}


LANGCHAIN = (
    Workload("five-step", "create_agent: model, search, model, calculator, model", "langchain", _five_steps, "hook", 22),
    Workload("one-call", "one chat model call, no agent", "langchain", _one_call, "hook", 2, block=20),
    Workload("fifty-async", "50 five-step agents at once in one event loop", "langchain", _fifty_at_once, "hook", 1100,
             block=1, mode="async"),
    Workload("stream", "one chat model call, streamed in 500 tokens", "langchain", _stream, "token", 500, block=2),
    Workload("long-agent", "one agent run of 160 model calls, its history growing", "langchain", _long_agent, "turn", 160,
             block=1),
)  # fmt: skip
