"""LangChain inside of LlamaIndex and the other way round: one tree, and alike."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from li_models import Scripted, tree
from llama_index.core.agent.workflow import FunctionAgent
from workflows import Workflow, step
from workflows.events import StartEvent, StopEvent

from versions import since

langchain_agents = pytest.importorskip("langchain.agents")


@pytest.fixture
def both(recorded):
    import langchain_steplog

    langchain_steplog.activate(recorded.path)
    yield recorded
    langchain_steplog.deactivate()


def runs_of(both):
    import langchain_steplog

    langchain_steplog.deactivate()
    return both.runs


def langchain_agent(tools, script, name="chained"):
    from langchain_core.messages import AIMessage
    from lc_agents import ScriptedModel

    answers = [AIMessage(s) if isinstance(s, str) else s for s in script]
    return langchain_agents.create_agent(ScriptedModel(script=answers), tools, name=name)


def asks_for(name, **args):
    from lc_agents import calls

    return calls(name, "call_1", **args)


async def test_a_llama_index_agent_in_a_langchain_tool_is_below_that_tool(both):
    from langchain_core.tools import tool

    @tool
    async def ask_other(question: str) -> str:
        """Ask the other agent."""
        return str(
            await FunctionAgent(llm=Scripted(script=["inner answer"]), tools=[], name="inner").run(question)
        )

    agent = langchain_agent([ask_other], [asks_for("ask_other", question="q"), "done"])
    result = await agent.ainvoke({"messages": [("user", "hi")]})
    assert result["messages"][-1].content == "done"
    (run,) = runs_of(both)
    lines = tree(run)
    at = next(i for i, line in enumerate(lines) if line.endswith("tool ask_other"))
    assert [line.strip() for line in lines[at + 1 : at + 4]] == [
        "agent inner",
        "node run_agent_step",
        "llm scripted-1",
    ]
    assert lines[at + 1].startswith(lines[at].partition("tool")[0] + "  ")


async def test_a_langchain_agent_in_a_llama_index_tool_is_below_that_tool(both):
    async def ask_other(question: str) -> str:
        """Ask the other agent."""
        result = await langchain_agent([], ["inner answer"]).ainvoke({"messages": [("user", question)]})
        return result["messages"][-1].content

    model = Scripted(script=[("ask_other", {"question": "q"}), "done"])
    assert str(await FunctionAgent(llm=model, tools=[ask_other]).run("hi")) == "done"
    (run,) = runs_of(both)
    lines = tree(run)
    at = lines.index("tool ask_other")
    assert lines[at + 1 : at + 4] == ["  agent chained", "    node model", "      llm scripted-1"]


async def test_a_langchain_agent_in_a_workflows_step_is_below_that_step(both):
    class Ask(Workflow):
        @step
        async def ask(self, ev: StartEvent) -> StopEvent:
            result = await langchain_agent([], ["inner answer"]).ainvoke({"messages": [("user", "q")]})
            return StopEvent(result=result["messages"][-1].content)

    assert await Ask().run() == "inner answer"
    (run,) = runs_of(both)
    assert tree(run)[:3] == ["node ask", "  agent chained", "    node model"]


async def test_three_levels_deep_each_is_below_the_one_that_called_it(both):
    from langchain_core.tools import tool

    @tool
    async def middle(question: str) -> str:
        """Ask a workflow, whose tool asks LangChain again."""

        async def innermost(q: str) -> str:
            """Ask LangChain."""
            found = await langchain_agent([], ["deep"], name="deepest").ainvoke({"messages": [("user", q)]})
            return found["messages"][-1].content

        model = Scripted(script=[("innermost", {"q": "q"}), "mid"])
        return str(await FunctionAgent(llm=model, tools=[innermost], name="middle").run(question))

    await langchain_agent([middle], [asks_for("middle", question="q"), "done"]).ainvoke(
        {"messages": [("user", "hi")]}
    )
    (run,) = runs_of(both)
    deepest = next(s for s in run.steps if s.name == "deepest")
    above = []
    while deepest is not None:
        above.append(f"{deepest.kind} {deepest.name}")
        deepest = deepest.parent
    assert above == ["agent deepest", "tool innermost", "agent middle", "tool middle", "node tools"]


@since("langgraph", "1.1.4")  # before, a run's start does not say that it is a graph's
def test_runs_of_both_frameworks_after_each_other_are_runs_of_their_own(both):
    langchain_agent([], ["one"]).invoke({"messages": [("user", "hi")]})
    asyncio.run(_ask())
    langchain_agent([], ["two"]).invoke({"messages": [("user", "hi")]})
    assert [run.framework for run in runs_of(both)] == ["langgraph", "llama-index", "langgraph"]


async def _ask():
    await FunctionAgent(llm=Scripted(script=["x"]), tools=[]).run("hi")


@since("langchain-core", "1.2.0")  # before, a tool's start does not say which call it answers
async def test_the_same_question_gives_trees_that_read_alike(both):
    from langchain_core.tools import tool

    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    def plain_add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    question = "What is 1 + 2?"
    agent = langchain_agent([add], [asks_for("add", a=1, b=2), "three"], name="adder")
    await agent.ainvoke({"messages": [("user", question)]})
    from llama_index.core.tools import FunctionTool

    model = Scripted(script=[("add", {"a": 1, "b": 2}), "three"])
    other = FunctionTool.from_defaults(plain_add, name="add")
    await FunctionAgent(llm=model, tools=[other], name="adder").run(question)
    chained, indexed = runs_of(both)
    calls = [[s for s in run.steps if s.kind in ("llm", "tool")] for run in (chained, indexed)]
    assert [(s.kind, s.name, s.status) for s in calls[0]] == [(s.kind, s.name, s.status) for s in calls[1]]
    for one, two in zip(*calls, strict=True):
        assert set(two.fields) - {"ttft_ms"} <= set(one.fields), (one.kind, two.fields)
        assert [m.get("content") for m in one.prompt] == [m.get("content") for m in two.prompt]
    assert [s.fields["args"] for s in (calls[0][1], calls[1][1])] == [{"a": 1, "b": 2}] * 2
    assert calls[0][1].message["content"] == calls[1][1].message["content"] == "3"
    assert (chained.name, chained.status) == (indexed.name, indexed.status)
    one, two = (shape(show(both.path, run.id).splitlines()) for run in (chained, indexed))
    assert one == two == [["llm", "scripted-1"], ["tool", "add"], ["llm", "scripted-1"]]


def show(path, run):
    command = [str(Path(sys.executable).parent / "steplog"), "show", run, "--path", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def shape(lines):
    """What a shown tree says of calls: kind and name, without numbers and times."""
    cells = [line.replace("│", " ").replace("├─", " ").replace("└─", " ").split() for line in lines]
    return [cell[1:3] for cell in cells if len(cell) > 2 and cell[1] in ("llm", "tool")]
