"""The examples in public docstrings run as they stand, in an empty directory."""

import importlib
import inspect
import re
import subprocess
import sys
import textwrap

import pytest

MODULES = (
    "steplog",
    "steplog.integration",
    "steplog.testing",
    "langchain_steplog",
    "llama_index.observability.steplog",
)
OURS = ("steplog", "langchain_steplog", "llama_index.observability.steplog")
# What an example takes for granted: a program's own agent or index.
GIVEN = {
    "steplog.read": """
with steplog.Recorder("logs") as recorder, recorder.run("tides"):
    pass
""",
    "langchain_steplog.record_embeddings": "from langchain_steplog import StepLogHandler, record_embeddings\n",
    "langchain_steplog.ReplayModel": """
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_steplog import ReplayModel, StepLogHandler
tools = []
create_agent(FakeListChatModel(responses=["About 63 days."]), tools).invoke(
    {"messages": [("user", "How long?")]}, {"callbacks": [StepLogHandler("logs")]}
)
""",
    "llama_index.observability.steplog.ReplayLLM": """
from llama_index.core.agent import FunctionAgent
from llama_index.observability.steplog import ReplayLLM
tools = []
with steplog.Recorder("logs") as recorder, recorder.run("tides") as run:
    with run.llm(messages=[{"role": "user", "content": "How long?"}]) as call:
        call.set(message={"role": "assistant", "content": "About 63 days."})
""",
    "langchain_steplog.replay_agent": """
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_steplog import StepLogHandler, replay_agent
create_agent(FakeListChatModel(responses=["About 63 days."]), []).invoke(
    {"messages": [("user", "How long?")]}, {"callbacks": [StepLogHandler("logs")]}
)
""",
    "langchain_steplog.fork": """
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_steplog import StepLogHandler, fork
from langgraph.checkpoint.memory import InMemorySaver
graph = create_agent(FakeListChatModel(responses=["About 63 days."]), [], checkpointer=InMemorySaver())
graph.invoke(
    {"messages": [("user", "How long?")]},
    {"callbacks": [StepLogHandler("logs")], "configurable": {"thread_id": "t"}},
)
""",
    "llama_index.observability.steplog.replay_agent": """
import asyncio
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.observability.steplog import activate, replay_agent
async def ask():
    await FunctionAgent(tools=[], llm=MockFunctionCallingLLM(), streaming=False).run("hi")
activate("logs")
asyncio.run(ask())
""",
    "langchain_steplog.StepLogHandler": """
from langchain_core.runnables import RunnableLambda
from langchain_steplog import StepLogHandler
agent = RunnableLambda(lambda asked: asked)
""",
    "llama_index.observability.steplog.StepLogHandler": """
from llama_index.core import Document, MockEmbedding, Settings, SummaryIndex
from llama_index.core.llms import MockLLM
from llama_index.observability.steplog import StepLogHandler
Settings.llm = MockLLM()
index = SummaryIndex.from_documents([Document(text="tides")])
""",
    "llama_index.observability.steplog.StepLogCallbackHandler": """
from llama_index.core import Settings
from llama_index.core.callbacks import CallbackManager
from llama_index.observability.steplog import StepLogCallbackHandler
""",
}


def examples():
    for name in MODULES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        for public in module.__all__:
            thing = getattr(module, public)
            members = [(public, thing)]
            if inspect.isclass(thing):
                members += [
                    (f"{public}.{n}", m)
                    for n, m in inspect.getmembers(thing, inspect.isfunction)
                    if m.__module__.startswith(OURS)  # and not what a framework's class hands down
                ]
            for member, value in members:
                doc = inspect.cleandoc(value.__doc__ or "") if callable(value) else ""
                for number, code in enumerate(re.findall(r"```python\n(.*?)```", doc, re.DOTALL)):
                    yield pytest.param(
                        f"{name}.{public}", textwrap.dedent(code), id=f"{name}.{member}.{number}"
                    )


EXAMPLES = list({example.values[1]: example for example in examples()}.values())


def test_there_are_examples():
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize(("name", "code"), EXAMPLES)
def test_an_example_runs(tmp_path, name, code):
    program = f"import steplog, steplog.testing\n{GIVEN.get(name, '')}\n{code}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
