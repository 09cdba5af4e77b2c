"""The one agent that all recorders watch, and what is done to it; run in an environment that has the recorder.

    python agent.py SCENARIO RECORDER FOLDER SINK

Says `inside` on standard output when it is where it is to be killed, and what it measured as one JSON line.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from marks import ANSWERED, ASKED, FOUND, KEY, LATER, UNDER_WAY, of_child
from recorders import started

_PAGE = "The Danube is 2850 km long and passes ten countries on its way to the Black Sea. " * 10
_ROUNDS, _RUNS_A_TURN = 12, 4


@tool
def search(query: str) -> str:
    """Search the notes."""
    return f"{FOUND} {query} {_PAGE}"


@tool
def broken(query: str) -> str:
    """A page whose text holds half a character."""
    return f"half \ud83d a character {query} {_PAGE}"


@tool
def fetch(url: str) -> str:
    """Never come back."""
    os.write(1, b"inside\n")
    time.sleep(600)
    return url


@tool
def hang(query: str) -> str:
    """Call a tool that never comes back, with words that no model said: only its own start can tell of them."""
    return fetch.invoke({"url": f"{UNDER_WAY} {query}"})


class Scripted(BaseChatModel):
    """Calls the tools of its script, one a turn, and answers; what it says depends on the messages alone."""

    script: list[str]
    said: str = "The answer."

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(each) for each in tools], **kwargs)

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        done = sum(message.type == "tool" for message in messages)
        calls = [
            {"name": name, "args": {"query": f"page {done}"}, "id": f"call_{done}"}
            for name in self.script[done : done + 1]
        ]
        message = AIMessage(self.said if not calls else f"{ANSWERED}-{done}", tool_calls=calls)
        message.usage_metadata = {"input_tokens": 812, "output_tokens": 46, "total_tokens": 858}
        return ChatResult(generations=[ChatGeneration(message=message)])


def _agent(*script: str, said: str = "The answer.") -> Any:
    return create_agent(Scripted(script=list(script), said=said), [search, broken, hang])


def _ask(agent: Any, handlers: list[Any], question: str = ASKED) -> str:
    config: Any = {"callbacks": handlers, "recursion_limit": 1000}
    return agent.invoke({"messages": [HumanMessage(question)]}, config)["messages"][-1].content


def killed(name: str, folder: Path, sink: str) -> dict[str, Any]:
    """Three steps are over and a tool is under way; the process is killed from outside."""
    with started(name, folder, sink) as handlers:
        _ask(_agent("search", "hang"), handlers)
    return {}


def surrogate(name: str, folder: Path, sink: str) -> dict[str, Any]:
    """A tool's result holds half of a character's code, as cut texts from JavaScript do."""
    with started(name, folder, sink) as handlers:
        answer = _ask(_agent("broken", "search", said=LATER), handlers)
    return {"answered": answer == LATER}


def forks(name: str, folder: Path, sink: str) -> dict[str, Any]:
    """A server's master starts the recorder, its four workers run agents."""
    codes: list[int] = []
    with started(name, folder, sink) as handlers:
        _ask(_agent("search"), handlers)
        for child in range(4):
            if not os.fork():
                code = 1
                try:
                    code = int(_ask(_agent("search", said=of_child(child)), handlers) != of_child(child))
                    time.sleep(6)  # what works in the background has the time that it has in a server
                finally:
                    os._exit(code)
        codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)]
    return {"children_failed": sum(map(bool, codes))}


def key(name: str, folder: Path, sink: str) -> dict[str, Any]:
    """A user pastes a key into the question."""
    with started(name, folder, sink) as handlers:
        _ask(_agent("search", said=LATER), handlers, f"{ASKED} My key is {KEY}, use it.")
    return {}


def turns(name: str, folder: Path, sink: str) -> dict[str, Any]:
    """One run of 160 model calls, its history growing."""
    agent = _agent(*["search"] * 159, said=LATER)
    bare, with_it = 0.0, 0.0
    with started(name, folder, sink) as handlers:
        bare = _cpu_of(lambda: _ask(agent, []), 1)
        with_it = _cpu_of(lambda: _ask(agent, handlers), 1)
    return {"added_ms": (with_it - bare) * 1e3}


def cpu(name: str, folder: Path, sink: str) -> dict[str, Any]:
    """The five-step agent with nothing, with steplog and with the recorder, in turns; what is sent later counts."""
    agent = _agent("search", "search")
    with started("steplog", folder, sink) as ours, started(name, folder, sink) as theirs:
        variants = {"bare": [], "steplog": ours, name: theirs}
        for handlers in variants.values():
            _ask(agent, handlers)
        took: dict[str, list[float]] = {each: [] for each in variants}
        for turn in range(_ROUNDS):
            for each in list(variants)[:: 1 if turn % 2 else -1]:
                handlers = variants[each]
                took[each].append(_cpu_of(lambda: _ask(agent, handlers), _RUNS_A_TURN))  # noqa: B023 -- called at once
    bare = median(took["bare"])
    return {
        each: (median(times) - bare) / _RUNS_A_TURN * 1e3 for each, times in took.items() if each != "bare"
    }


def _cpu_of(work: Any, times: int) -> float:
    before = time.process_time()
    for _ in range(times):
        work()
    time.sleep(0.05)  # what a background thread does now belongs to this turn
    return time.process_time() - before


if __name__ == "__main__":
    scenario, recorder, where, to = sys.argv[1:]
    found = {each.__name__: each for each in (killed, surrogate, forks, key, turns, cpu)}[scenario](
        recorder, Path(where), to
    )
    os.write(1, (json.dumps(found) + "\n").encode())
