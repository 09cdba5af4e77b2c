"""The fixture `steplog_run`: agents of every framework, sync and async, asserted on, and golden runs."""

from __future__ import annotations

import asyncio

import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from steplog.testing import expect

ASKED = {"messages": [("user", "1+2?")]}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Model(GenericFakeChatModel):
    def bind_tools(self, tools, **kwargs):
        return self


def model():
    asks = AIMessage("", tool_calls=[ToolCall(name="add", args={"a": 1, "b": 2}, id="c1")])
    return Model(messages=iter([asks, AIMessage("It is 3.")]))


def graph():
    thinks = model()
    built = StateGraph(MessagesState)
    built.add_node("think", lambda state: {"messages": [thinks.invoke(state["messages"])]})
    built.add_node("act", ToolNode([add]))
    built.add_edge(START, "think")
    built.add_conditional_edges("think", lambda s: "act" if s["messages"][-1].tool_calls else END)
    built.add_edge("act", "think")
    return built.compile()


@pytest.mark.parametrize(
    "build", [lambda: create_agent(model(), [add]), graph], ids=["langchain", "langgraph"]
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_agents_of_langchain(steplog_run, build, is_async):
    agent = build()
    if is_async:
        asyncio.run(agent.ainvoke(ASKED))
    else:
        agent.invoke(ASKED)
    assert steplog_run.tools == ["add"]
    steplog_run.expect.called("add", a=1, b=2).no_errors().answered_like("It is 3")


async def test_agents_of_llama_index(steplog_run):
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata, ToolCallBlock
    from llama_index.core.llms.callbacks import llm_chat_callback
    from llama_index.core.llms.mock import MockFunctionCallingLLM
    from llama_index.core.tools import FunctionTool

    class Scripted(MockFunctionCallingLLM):
        @property
        def metadata(self):
            return LLMMetadata(is_function_calling_model=True, is_chat_model=True, model_name="scripted")

        @llm_chat_callback()
        async def achat(self, messages, **_):
            if messages[-1].role == "tool":
                return ChatResponse(message=ChatMessage("It is 3.", role="assistant"))
            block = ToolCallBlock(tool_call_id="c1", tool_name="add", tool_kwargs={"a": 1, "b": 2})
            return ChatResponse(message=ChatMessage(role="assistant", blocks=[block]))

    def plus(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    tools = [FunctionTool.from_defaults(plus, name="add")]
    await FunctionAgent(tools=tools, llm=Scripted(), streaming=False).run("1+2?")
    assert steplog_run.tools == ["add"]
    steplog_run.expect.called("add", a=1).no_errors().answered_like("It is 3")


def test_several_runs_are_there_and_the_newest_is_the_run(steplog_run):
    create_agent(model(), [add], name="first").invoke(ASKED)
    create_agent(model(), [add], name="second").invoke(ASKED)
    assert [run.name for run in steplog_run.runs] == ["first", "second"]
    assert steplog_run.run.name == "second"
    expect(steplog_run).called("add")


def test_a_test_that_ran_nothing_is_told_so(steplog_run):
    with pytest.raises(AssertionError, match=r"nothing was recorded in .*steplogs: the test ran no agent"):
        assert steplog_run.tools == []


TEST = """
from langchain_core.tools import tool
from langchain_core.runnables import RunnableLambda

@tool
def search(query: str) -> str:
    "Search."
    return "all about " + query

@tool
def read(page: str) -> str:
    "Read."
    return page

TOPIC = "tea"
agent = RunnableLambda(lambda q: read.invoke({"page": search.invoke({"query": q})}))

def test_tools(steplog_run):
    agent.invoke(TOPIC)
    assert steplog_run.tools == ["search", "write"]

def test_golden(steplog_run):
    agent.invoke(TOPIC)
    steplog_run.matches_golden()

def test_alone():
    pass
"""


@pytest.fixture
def tested(desk):
    """Runs pytest in the desk's folder, on this text; gives what it said."""

    def run(*args, text=TEST):
        desk.write("test_agent.py", text)
        done = desk.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *args)
        return done.returncode, done.stdout.decode()

    return run


def test_tools_that_differ_are_shown_in_the_tree(tested):
    code, said = tested("-k", "test_tools", "-vv")
    assert code == 1
    assert "the run called ['search', 'read'], and not ['search', 'write']" in said
    assert "first difference: read (step 2), wanted write" in said
    [line] = [line for line in said.splitlines() if line.startswith("E") and ">" in line.partition("tool")[0]]
    assert "tool read" in line


def test_a_golden_run_is_written_when_asked_for_and_compared_with_afterwards(tested, desk):
    code, said = tested("-k", "test_golden")
    assert code == 1
    assert "there is no golden run" in said
    assert "pytest --steplog-update writes it" in said
    assert tested("-k", "test_golden", "--steplog-update")[0] == 0
    golden = desk.folder / "golden" / "test_golden.jsonl"
    first = golden.read_bytes()
    assert tested("-k", "test_golden")[0] == 0
    assert tested("-k", "test_golden", "--steplog-update")[0] == 0
    assert golden.read_bytes() == first, "what differs each time is not in it"
    code, said = tested("-k", "test_golden", text=TEST.replace('TOPIC = "tea"', 'TOPIC = "milk"'))
    assert code == 1
    assert "first difference" in said
    assert "milk" in said
    assert "pytest --steplog-update writes it anew" in said


def test_the_fixture_records_where_the_session_does(tested, desk):
    code, said = tested("-k", "test_golden", "--steplog-update", "--steplog", "logs")
    assert code == 0, said
    import steplog

    assert [run.tools for run in steplog.read(desk.folder / "logs").runs] == [["search", "read"]]
