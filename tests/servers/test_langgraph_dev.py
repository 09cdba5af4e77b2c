"""`STEPLOG=dir langgraph dev` records what its API is asked for: no code change, blockbuster on, a reload in between."""

import contextlib
import json
import os
import signal
import socket
import subprocess

import pytest

import steplog

pytestmark = pytest.mark.servers

GRAPHS = """
from typing import TypedDict
from deepagents import create_deep_agent
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

class State(TypedDict, total=False):
    plan: str
    ok: str
    done: str

def build(name, ask):
    graph = StateGraph(State)
    graph.add_node("plan", lambda state: {"plan": "delete 3 files"})
    graph.add_node("ask", (lambda state: {"ok": interrupt({"question": "delete?"})}) if ask else (lambda state: {"ok": "yes"}))
    graph.add_node("act", lambda state: {"done": "done " + state["ok"]})
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "ask")
    graph.add_edge("ask", "act")
    graph.add_edge("act", END)
    return graph.compile(name=name)

class Boss(GenericFakeChatModel):
    # Launches the worker, then says so.

    messages: object = iter(())

    def bind_tools(self, tools, **kwargs):
        return self

    def _generate(self, messages, *args, **kwargs):
        last = messages[-1]
        asked = {"description": "count the words", "subagent_type": "analyst"}
        answer = (
            AIMessage("", tool_calls=[{"id": "c1", "name": "start_async_task", "args": asked}])
            if last.type == "human" and "NOTIFICATION" not in str(last.content)
            else AIMessage("launched")
        )
        return ChatResult(generations=[ChatGeneration(message=answer)])

analyst = {"name": "analyst", "description": "counts", "graph_id": "worker", "notify_parent": False}
boss = create_deep_agent(model=Boss(), name="boss", subagents=[analyst])
worker = create_agent(GenericFakeChatModel(messages=iter([AIMessage("3 words")] * 9)), name="worker")
careful = build("careful", True)
quick = build("quick", False)
"""
CONFIG = json.dumps(
    {"dependencies": ["."], "graphs": {n: f"./graphs.py:{n}" for n in ("careful", "quick", "boss", "worker")}}
)
CLIENT = """
import asyncio, json, pathlib, sys, time
from langgraph_sdk import get_client

async def up(client):
    until = time.monotonic() + 60
    while True:
        try:
            return await client.assistants.search()
        except Exception:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)

async def main():
    client = get_client(url=sys.argv[1])
    await up(client)
    first = await client.threads.create()
    out = [await client.runs.wait(first["thread_id"], "quick", input={})]
    second = await client.threads.create()
    out.append(await client.runs.wait(second["thread_id"], "careful", input={}))
    out.append(await client.runs.wait(second["thread_id"], "careful", command={"resume": "yes"}))
    fourth = await client.threads.create()
    await client.runs.wait(fourth["thread_id"], "boss", input={"messages": [{"role": "user", "content": "go"}]})
    until = time.monotonic() + 60
    while time.monotonic() < until:  # the worker runs by itself
        found = await client.threads.search(metadata={"subagent_name": "analyst"})
        if found and found[0]["status"] == "idle" and found[0]["values"]:
            break
        await asyncio.sleep(0.2)
    file = pathlib.Path("graphs.py")
    file.write_text(file.read_text().replace("done ", "ready "))  # the server reloads
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            await up(client)
            third = await client.threads.create()
            answer = await client.runs.wait(third["thread_id"], "quick", input={})
        except Exception:
            continue
        if answer.get("done") == "ready yes":
            out.append(answer)
            break
    print(json.dumps(out))

asyncio.run(main())
"""


def free_port():
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def log(environment, tmp_path_factory):
    """The log of a server that ran two graphs, was answered a question, reloaded, and ran once more."""
    where = environment("langgraph-cli[inmem]", "langgraph", "deepagents")
    folder = tmp_path_factory.mktemp("server")
    (folder / "graphs.py").write_text(GRAPHS)
    (folder / "langgraph.json").write_text(CONFIG)
    port = free_port()
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STEPLOG", "LANGSMITH", "LANGCHAIN"))
    }
    env |= {"STEPLOG": str(folder / "logs"), "PATH": f"{where}{os.pathsep}{env['PATH']}"}
    command = [where / "langgraph", "dev", "--no-browser", "--port", str(port)]
    with (folder / "server.txt").open("wb") as out:
        server = subprocess.Popen(
            command, cwd=folder, env=env, stdout=out, stderr=out, start_new_session=True
        )
    try:
        client = [where / "python", "-c", CLIENT, f"http://127.0.0.1:{port}"]
        done = subprocess.run(
            client,
            cwd=folder,
            env=env | {"STEPLOG": "0"},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
    assert done.returncode == 0, done.stderr + (folder / "server.txt").read_text()[-2000:]
    return steplog.read(folder / "logs"), (folder / "server.txt").read_text()


def test_each_run_of_the_api_is_a_run_of_the_log(log):
    runs, said = log
    names = [run.name for run in runs.runs]
    assert names[:5] == ["quick", "careful", "careful", "boss", "worker"]
    assert set(names[5:]) == {"quick"}, "those after the reload"
    assert "BlockingError" not in said
    assert not runs.faults


def test_a_question_waits_and_its_answer_goes_on_from_it(log):
    _, waiting, resumed = log[0].runs[:3]
    assert waiting.status == "interrupted"
    assert waiting.config()["configurable"]["checkpoint_id"]
    assert (resumed.status, resumed.resumes, resumed.thread) == ("ok", waiting.id, waiting.thread)
    assert resumed.output["done"] == "done yes"


def test_a_sub_agent_on_a_thread_of_its_own_is_part_of_the_step_that_launched_it(log):
    boss, worker = log[0].runs[3:5]
    (launch,) = [step for step in boss.steps if step.name == "start_async_task"]
    assert worker.metadata["subagent_name"] == "analyst"
    assert worker.metadata["parent_thread_id"] == boss.thread != worker.thread
    assert (worker.parent_run, worker.parent_step) == (boss.id, launch.number)
    assert f"part of run {boss.id} step {launch.number}" in str(worker)


def test_what_the_server_knows_of_a_run_is_kept(log):
    for run in log[0].runs:
        assert run.metadata["run_attempt"] == 1
        assert run.metadata["assistant_id"]
        assert run.metadata["graph_id"] == run.name
