"""Every way to start an agent, with every framework: programs that know nothing of steplog, and a log of each step."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

import steplog

PROGRAMS = Path(__file__).parent / "programs"
AT_ONCE = 2

STEPS = {
    "langchain": [("llm", "FakeListChatModel"), ("tool", "multiply")],
    "langgraph": [
        ("node", "model"), ("llm", "Scripted"), ("node", "tools"), ("tool", "multiply"), ("node", "model"), ("llm", "Scripted"),
    ],
    "llama_index": [
        ("node", "run_agent_step"), ("llm", "scripted"), ("tool", "multiply"), ("node", "run_agent_step"), ("llm", "scripted"),
    ],
    "workflows": [("node", "read"), ("node", "multiply")],
}  # fmt: skip
NEEDS = {
    "langchain": ("langchain_core", "langchain_steplog"),
    "langgraph": ("langchain", "langgraph", "langchain_steplog"),
    "llama_index": ("llama_index.core", "llama_index.observability.steplog"),
    "workflows": ("workflows", "llama_index.observability.steplog"),
    "notebook": ("nbclient", "ipykernel"),
}
# How it is started, and how many runs that makes in how many processes.
WAYS = {
    "script": (["{python}", "{program}"], [1]),
    "-m": (["{python}", "-m", "{agent}"], [1]),
    "console script": (["{folder}/agent"], [1]),
    "spawn pool": (["{python}", "{programs}/in_a_spawn_pool.py", "{agent}"], [1]),
    "fork": (["{python}", "{programs}/in_a_fork.py", "{agent}"], [1, 2]),
    "prefork": (["{python}", "{programs}/in_preforked_workers.py", "{agent}"], [1, 1]),
    "notebook": (["{python}", "{programs}/in_a_notebook.py", "{agent}"], [1]),
    "pytest": (
        ["{python}", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--steplog", "logs", "{programs}/the_tests.py"],
        [1],
    ),
    "-I": (["{python}", "-I", "{program}"], [1]),
}  # fmt: skip
CONSOLE_SCRIPT = (
    "#!{python}\nimport sys\nfrom {agent} import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
)


def lacking(framework, way):
    needed = [*NEEDS[framework], *NEEDS.get(way, ()), *([] if way == "pytest" else ["steplog_auto"])]
    for name in needed:
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            return f"{name} is not installed"
    return None


def start(framework, way, folder):
    """The unmodified program, started this way, with `STEPLOG=./logs` in its environment."""
    agent = f"agent_{framework}"
    words = {
        "python": sys.executable,
        "program": PROGRAMS / f"{agent}.py",
        "programs": PROGRAMS,
        "agent": agent,
    }
    script = folder / "agent"
    script.write_text(CONSOLE_SCRIPT.format(**words))
    script.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "LANG"))}
    env |= {
        "PYTHONPATH": str(PROGRAMS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AGENT": agent,
        "IPYTHONDIR": str(folder),
    }
    if way != "pytest":
        env["STEPLOG"] = "./logs"
    command = [word.format(folder=folder, **words) for word in WAYS[way][0]]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def cells(request, tmp_path_factory):
    """The cells that are tested in this session, started two at a time."""
    wanted = [item.callspec.params for item in request.session.items if item.path == Path(__file__)]
    started: dict[tuple[str, str], tuple[Path, Future[subprocess.CompletedProcess[str]]]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for cell in wanted:
            framework, way = cell["framework"], cell["way"]
            if lacking(framework, way) is None:
                folder = tmp_path_factory.mktemp("cell")
                started[framework, way] = (folder, pool.submit(start, framework, way, folder))
        yield started


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("framework", STEPS)
def test_each_step_is_logged_however_the_agent_is_started(cells, framework, way):
    reason = lacking(framework, way)
    if reason:
        pytest.skip(reason)
    folder, future = cells[framework, way]
    done = future.result()
    assert done.returncode == 0, done.stderr
    assert "steplog" not in done.stderr
    assert way == "pytest" or done.stdout == "42\n"
    log = steplog.read(folder / "logs")
    assert sorted(runs_by_process(folder / "logs")) == WAYS[way][1]
    for run in log.runs:
        assert run.status == "ok"
        assert [(step.kind, step.name) for step in run.steps] == STEPS[framework]
        assert {step.status for step in run.steps} == {"ok"}
    assert (log.bad, log.gaps, log.lost, log.faults) == ((), (), (), ())


def runs_by_process(log):
    """How many runs each process has recorded that recorded any."""
    ends = (
        [json.loads(line)["ev"] for line in segment.read_text().splitlines()]
        for segment in log.glob("*.jsonl")
    )
    return [count for count in (events.count("run.end") for events in ends) if count]
