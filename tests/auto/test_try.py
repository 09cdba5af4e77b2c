"""`steplog try`: ten and more set-ups that are broken, each run as a real program, named with its cure."""

from __future__ import annotations

import json
import sys

import pytest

AGENT = """
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

def answer(text, model="gpt-4o", **more):
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    return AIMessage(text, usage_metadata=usage, response_metadata={"model_name": model}, **more)

def agent(*answers, tools=()):
    class Model(GenericFakeChatModel):
        def bind_tools(self, tools, **kwargs):
            return self

    return create_agent(Model(messages=iter(answers)), list(tools), name="research")

QUESTION = {"messages": [("user", "How many days does a crew need for the Danube?")]}
"""
FINE = AGENT + "print(agent(answer('63 days.')).invoke(QUESTION)['messages'][-1].content)\n"

BROKEN = {
    "no_framework": "print('nothing here')",
    "nothing_ran": "import langchain_core.language_models",
    "failed_early": "import langchain_core\nraise SystemExit(3)",
    "client_only": "import types, sys\nsys.modules['mistralai'] = types.ModuleType('mistralai')\n",
    "no_model_call": "from langchain_core.runnables import RunnableLambda\nRunnableLambda(lambda x: x).invoke(1)",
    "no_usage": AGENT + "agent(AIMessage('63 days.')).invoke(QUESTION)",
    "no_price": AGENT + "agent(answer('63 days.', model='tuned-7b')).invoke(QUESTION)",
    "cut": AGENT + "agent(answer('x' * 1_000_000)).invoke(QUESTION)",
    "no_end": AGENT
    + """
import os
def slow(x: int) -> str:
    "Slow."
    os._exit(0)
call = [{"name": "slow", "args": {"x": 1}, "id": "c1"}]
agent(answer("", tool_calls=call), tools=[slow]).invoke(QUESTION)
""",
    "elsewhere": AGENT
    + """
from langchain_steplog import StepLogHandler
agent(answer("63 days.")).invoke(QUESTION, {"callbacks": [StepLogHandler("another")]})
""",
    "lost_config": AGENT
    + """
from contextvars import Context
def ask_analyst(question: str) -> str:
    "Ask."
    inner = {"messages": [("user", question)]}
    return Context().run(lambda: agent(answer("63")).invoke(inner)["messages"][-1].content)
call = [{"name": "ask_analyst", "args": {"question": "How long is the Danube from its source?"}, "id": "c1"}]
agent(answer("", tool_calls=call), answer("63 days."), tools=[ask_analyst]).invoke(QUESTION)
""",
    "recorded_twice": """
import steplog
with steplog.Recorder(__import__("os").environ["STEPLOG_PATH"]) as recorder, recorder.run("r") as run:
    for _ in range(2):
        with run.llm(model="gpt-4o", messages=[{"role": "user", "content": "hi"}]) as call:
            call.set(
                message={"role": "assistant", "content": "a"},
                usage={"input_tokens": 1, "output_tokens": 1},
                response_id="r1",
            )
""",
}


def tried(desk, *words):
    done = desk.steplog("try", *words)
    lines = done.stderr.decode().splitlines()
    ours = [line.removeprefix("steplog: ") for line in lines if line.startswith("steplog: ")]
    return done, ours


def test_a_program_that_is_well_is_said_to_be(desk):
    desk.write("agent.py", FINE)
    done, lines = tried(desk, "--", sys.executable, "agent.py")
    assert (done.returncode, done.stdout) == (0, b"63 days.\n")
    assert [line.partition(":")[0] for line in lines] == ["recorded", "seen", "next"]
    assert lines[1] == "seen: 2 steps, 1 model call, 0 tool calls, 0 errors, 5 tokens"
    assert lines[2] == "next: steplog show @last"


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_set_up_is_named_with_its_cure(desk, kind):
    if kind == "no_price":
        pytest.importorskip("genai_prices")
    desk.write("agent.py", BROKEN[kind])
    done = desk.steplog("try", "--json", "agent.py")
    found = {one["kind"]: one for one in json.loads(done.stdout)["missing"]}
    assert set(found) == {kind}
    assert found[kind]["cure"]
    _, lines = tried(desk, "agent.py")
    assert len(lines) <= 6
    assert any(line.startswith("not right: ") and f"Cure: {found[kind]['cure']}" in line for line in lines)


def test_a_command_without_python_was_not_reached(desk):
    done, lines = tried(desk, "--", "sh", "-c", "exit 0")
    assert done.returncode == 1
    assert "no Python that has steplog was reached" in lines[0]


def test_a_place_that_cannot_be_is_named(desk):
    desk.write("agent.py", FINE)
    desk.write("file", "")
    _, lines = tried(desk, "-p", "file/logs", "agent.py")
    assert any("is a file" in line for line in lines)


def test_the_exit_code_is_the_programs(desk):
    desk.write("agent.py", FINE + "raise SystemExit(7)\n")
    assert desk.steplog("try", "agent.py").returncode == 7
    assert desk.steplog("try", "no-such-command").returncode == 127


def test_runs_that_were_there_before_are_not_told_of(desk):
    desk.write("before.py", BROKEN["no_usage"])
    desk.steplog("run", "before.py")
    desk.write("agent.py", FINE)
    _, lines = tried(desk, "agent.py")
    assert not [line for line in lines if line.startswith("not right")]
