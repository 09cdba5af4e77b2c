"""Whole agents: killed in each phase, and on a disk that fills up; what `steplog show` and `doctor` say of it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import steplog

pytest.importorskip("langgraph")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")

AGENT = """
import sys, time, pathlib
from typing import Annotated, TypedDict
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import interrupt
import langchain_steplog

LOG, PHASE, MARK = sys.argv[1:4]
langchain_steplog.activate(LOG)

def here(phase):
    if phase == PHASE:
        pathlib.Path(MARK).write_text(phase)
        time.sleep(60)

class Model(BaseChatModel):
    @property
    def _llm_type(self): return "made up"
    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        here("model call")
        if any(m.type == "tool" for m in messages):
            return ChatResult(generations=[ChatGeneration(message=AIMessage("it rains"))])
        call = {"name": "weather", "args": {"city": "Oslo"}, "id": "c1"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=[call]))])
    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for n, word in enumerate(("it ", "rains ", "today")):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=word))
            if run_manager: run_manager.on_llm_new_token(word, chunk=chunk)
            yield chunk
            if n == 1: here("streaming")

@tool
def weather(city: str) -> str:
    "The weather."
    here("tool")
    return "rain"

class State(TypedDict):
    messages: Annotated[list, add_messages]

model = Model()

def ask(state):
    if PHASE == "streaming":
        return {"messages": [AIMessage("".join(chunk.content for chunk in model.stream(state["messages"])))]}
    return {"messages": [model.invoke(state["messages"])]}

def route(state):
    here("between nodes")
    return "tools" if getattr(state["messages"][-1], "tool_calls", None) else "review"

def review(state):
    if PHASE == "waiting for a human": interrupt("may I?")
    return {}

graph = StateGraph(State)
graph.add_node("ask", ask); graph.add_node("tools", ToolNode([weather])); graph.add_node("review", review)
graph.add_edge(START, "ask"); graph.add_conditional_edges("ask", route, ["tools", "review"])
graph.add_edge("tools", "ask"); graph.add_edge("review", END)
app = graph.compile(checkpointer=InMemorySaver())
found = app.invoke({"messages": [("user", "weather?")]}, {"configurable": {"thread_id": "t"}})
here("waiting for a human")
print([m.content for m in found["messages"]])
"""

PHASES = {
    "model call": ("crashed", ["llm"]),
    "tool": ("crashed", ["tool"]),
    "between nodes": ("crashed", []),
    "streaming": ("crashed", ["llm"]),
    "waiting for a human": ("interrupted", []),
}


def show(log):
    code = "from steplog._cli.main import main; main()"
    command = [sys.executable, "-c", code, "show", "@last", "--path", str(log)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "phase",
    ["tool", *(pytest.param(phase, marks=pytest.mark.torture) for phase in PHASES if phase != "tool")],
)
def test_an_agent_killed_in_a_phase_is_shown_in_that_phase(phase, tmp_path):
    mark = tmp_path / "mark"
    (tmp_path / "agent.py").write_text(AGENT)
    # That a model has begun to answer stands in the log only with detail="all".
    env = {**os.environ, "STEPLOG_DETAIL": "all" if phase == "streaming" else "steps"}
    command = [sys.executable, tmp_path / "agent.py", tmp_path / "log", phase, mark]
    agent = subprocess.Popen(command, cwd=tmp_path, env=env)
    try:
        deadline = time.monotonic() + 60
        while not (mark.exists() and mark.read_text()):
            assert agent.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        if phase != "waiting for a human":
            assert steplog.read(tmp_path / "log").runs[-1].status == "running"
    finally:
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    status, in_flight = PHASES[phase]
    log = steplog.read(tmp_path / "log")
    (run,) = log.runs
    assert (run.status, log.bad, log.gaps) == (status, (), ())
    open_calls = [
        step.kind for step in run.steps if step.status == "crashed" and step.kind in ("llm", "tool")
    ]
    assert open_calls == in_flight
    text = show(tmp_path / "log")
    assert status in text
    assert ("still streaming its answer" in text) == (phase == "streaming")
    for kind in in_flight:
        assert {"llm": "made up", "tool": "weather"}[kind] in text or kind in text


@needs_root
@pytest.mark.torture
def test_an_agent_on_a_disk_that_fills_up_and_frees_answers_as_without_us(tmp_path):
    """Its lines are kept in memory while it lasts; what did not fit there is named by `doctor`, with the time."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.strip()}")
    try:
        (tmp_path / "agent.py").write_text(AGENT)
        (tmp_path / "driver.py").write_text(
            AGENT.replace(
                "langchain_steplog.activate(LOG)", "if LOG != '-': langchain_steplog.activate(LOG)"
            ).split("found = ")[0]
            + textwrap.dedent("""
                import os, time
                answers = []
                for n in range(60):
                    if LOG != "-" and n == 10:
                        with open(MARK, "wb", buffering=0) as ballast:
                            try:
                                while True: ballast.write(b"x" * 100)
                            except OSError: pass
                    if LOG != "-" and n == 50:
                        os.unlink(MARK)
                        time.sleep(1.2)
                    config = {"configurable": {"thread_id": str(n)}}
                    found = app.invoke({"messages": [("user", f"weather {n}? " + "please " * 300)]}, config)
                    answers.append([(m.type, m.content) for m in found["messages"]])
                print(answers)
                """)
        )
        env = {**os.environ, "STEPLOG_MAX_PENDING_BYTES": "60000"}
        outputs = []
        for log in ("-", disk / "log"):
            command = [sys.executable, tmp_path / "driver.py", log, "none", disk / "ballast"]
            outputs.append(
                subprocess.run(command, capture_output=True, text=True, env=env, check=True, cwd=tmp_path)
            )
        assert outputs[0].stdout == outputs[1].stdout
        assert outputs[1].stderr.count("steplog:") == 1
        code = "from steplog._cli.main import main; main()"
        doctor = subprocess.run(
            [sys.executable, "-c", code, "doctor", disk / "log", "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert doctor.returncode == 1
        found = json.loads(doctor.stdout)
        (lost,) = found["lost"]
        assert lost["reason"] == "ENOSPC"
        assert lost["count"] == sum(hole["last"] - hole["first"] + 1 for hole in found["holes"])
        assert lost["first_ts"] < lost["last_ts"]
        assert found["segments"][0]["damages"] == []
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
