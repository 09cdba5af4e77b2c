"""`steplog test` writes a test that passes as it stands, and fails with words where the agent has changed; or says why not."""

from __future__ import annotations

import pytest

import steplog
from steplog.testing import CannotReplay, replay_test
from versions import since

TELLS_GRAPHS = since("langgraph", "1.1.4")  # before, a run's start does not say that it is a graph's

AGENT = '''
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.tools import tool

PROMPT = "Be brief."

@tool
def search(query: str) -> str:
    """Look something up."""
    return f"all about {query}"

class Model(GenericFakeChatModel):
    def bind_tools(self, tools, **kwargs):
        return self

def build(model):
    return create_agent(model, [search], system_prompt=PROMPT, name="helper")

def main():
    asks = AIMessage("", tool_calls=[ToolCall(name="search", args={"query": "tea"}, id="c1")])
    build(Model(messages=iter([asks, AIMessage("Tea.")]))).invoke({"messages": [("user", 'What "to" drink?')]})

if __name__ == "__main__":
    main()
'''
LLAMA = '''
import asyncio
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

def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b

async def main():
    agent = FunctionAgent(name="adder", tools=[FunctionTool.from_defaults(add)], llm=Scripted(), system_prompt="Add.", streaming=False)
    print(await agent.run("1+2?"))

asyncio.run(main())
'''


@pytest.fixture
def recorded(desk):
    """A function: a program's text, recorded in the desk's folder."""

    def run(text):
        desk.write("agent.py", text)
        done = desk.steplog_run("agent.py")
        assert done.returncode == 0, done.stderr.decode()
        return steplog.read(desk.log).run("@last")

    return run


def cli(desk, *words):
    done = desk.python("-c", "from steplog._cli.main import main; main()", *words)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def outcome_of(desk, text):
    desk.write("test_written.py", text)
    done = desk.python(
        "-m", "pytest", "-q", "-W", "ignore", "-p", "no:cacheprovider", "-p", "no:xdist", "test_written.py"
    )
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize(
    "program",
    [pytest.param(AGENT, id="langchain", marks=TELLS_GRAPHS), pytest.param(LLAMA, id="llama-index")],
)
def test_the_test_passes_as_it_stands(desk, recorded, program):
    run = recorded(program)
    code, text, _ = cli(desk, "test", "@last")
    assert code == 0
    body = text.partition("def test_")[2].splitlines()[1:]
    assert len([line for line in body if line.strip()]) == 3, "three lines"
    assert outcome_of(desk, text)[0] == 0
    assert text == replay_test(run, str(desk.log))


@TELLS_GRAPHS
def test_the_run_is_kept_beside_the_test(desk, recorded):
    recorded(AGENT)
    code, text, _ = cli(desk, "test", "@last", "--keep", "recorded/helper.jsonl")
    assert (code, 'steplog.read("recorded/helper.jsonl")' in text) == (0, True)
    for segment in desk.log.glob("*"):
        segment.unlink()
    assert outcome_of(desk, text)[0] == 0


def test_with_an_agent_of_ones_own_a_changed_prompt_fails_with_words(desk, recorded):
    recorded(AGENT)
    code, text, _ = cli(desk, "test", "@last", "--agent", "agent:build")
    assert (code, "from agent import build" in text) == (0, True)
    assert "build(ReplayModel(run)).invoke(" in text
    assert outcome_of(desk, text)[0] == 0
    desk.write("agent.py", AGENT.replace("Be brief.", "Be long."))
    code, said = outcome_of(desk, text)
    assert code == 1
    assert "message 1 (system) was 'Be brief.', and is 'Be long.'" in said


def test_a_run_that_cannot_be_played_again_is_told_so(desk):
    with steplog.Recorder(desk.log) as recorder, recorder.run("own") as run, run.llm("gpt-4o") as call:
        call.set(message="hi")
    code, text, said = cli(desk, "test", "@last")
    assert (code, text) == (1, "")
    assert "only agents of LangChain and LlamaIndex can be played again" in said


GRAPH = """
from langgraph.graph import END, START, MessagesState, StateGraph
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

def build(model):
    graph = StateGraph(MessagesState)
    graph.add_node("draft", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_edge(START, "draft")
    graph.add_edge("draft", END)
    return graph.compile()

if __name__ == "__main__":
    build(GenericFakeChatModel(messages=iter([AIMessage("A draft.")]))).invoke({"messages": [("user", "write")]})
"""


@TELLS_GRAPHS
def test_a_graph_of_ones_own_needs_the_function_that_builds_it(desk, recorded):
    run = recorded(GRAPH)
    with pytest.raises(CannotReplay, match=r"step 1 is node draft\): name the function that builds yours"):
        replay_test(run, "log")
    assert outcome_of(desk, replay_test(run, str(desk.log), agent="agent:build"))[0] == 0
    with pytest.raises(CannotReplay, match="'agent' names no function: it is to be module:function"):
        replay_test(run, "log", agent="agent")


def test_what_was_not_recorded_whole_is_told_before(desk):
    desk.write("agent.py", AGENT)
    assert desk.steplog_run("agent.py", STEPLOG_CONTENT="none").returncode == 0
    code, text, said = cli(desk, "test", "@last")
    assert (code, text) == (1, "")
    assert "model call 2 has no answer in the log" in said
