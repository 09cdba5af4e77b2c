"""`STEPLOG=dir langgraph dev` records what its API is asked for: no code change, blockbuster on, a reload in between."""

import contextlib
import os
import signal
import socket
import subprocess

import pytest

import steplog

pytestmark = pytest.mark.servers

GRAPHS = """
from typing import TypedDict
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

careful = build("careful", True)
quick = build("quick", False)
"""
CONFIG = '{"dependencies": ["."], "graphs": {"careful": "./graphs.py:careful", "quick": "./graphs.py:quick"}}'
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
    where = environment("langgraph-cli[inmem]", "langgraph")
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
    assert names[:3] == ["quick", "careful", "careful"]
    assert set(names[3:]) == {"quick"}, "those after the reload"
    assert "BlockingError" not in said
    assert not runs.faults


def test_a_question_waits_and_its_answer_goes_on_from_it(log):
    _, waiting, resumed = log[0].runs[:3]
    assert waiting.status == "interrupted"
    assert waiting.config()["configurable"]["checkpoint_id"]
    assert (resumed.status, resumed.resumes, resumed.thread) == ("ok", waiting.id, waiting.thread)
    assert resumed.output["done"] == "done yes"


def test_what_the_server_knows_of_a_run_is_kept(log):
    for run in log[0].runs:
        assert run.metadata["run_attempt"] == 1
        assert run.metadata["assistant_id"]
        assert run.metadata["graph_id"] == run.name
