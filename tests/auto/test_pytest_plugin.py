"""`pytest --steplog DIR`: each test's runs under its name, and a line for each test that fails."""

from __future__ import annotations

import importlib.metadata
import json
import re

import pytest

if not any(e.name == "steplog" for e in importlib.metadata.entry_points(group="pytest11")):
    pytest.skip("the entry point is not installed: install steplog again", allow_module_level=True)

TESTS = """
import pytest
from langchain_core.runnables import RunnableLambda

def agent(n):
    if n < 0:
        raise ValueError("no \\x1b[31mnegatives")
    return n + 1

@pytest.fixture(scope="session")
def warm():
    return RunnableLambda(agent).invoke(0)

def test_right(warm):
    assert RunnableLambda(agent).invoke(1) == 2

@pytest.mark.parametrize("n", [1, 2])
def test_wrong(n):
    assert RunnableLambda(agent).invoke(n) == 2

def test_raises():
    RunnableLambda(agent).invoke(-1)

def test_no_run():
    raise RuntimeError("not the agent's fault")

class TestAsync:
    def test_in_a_thread(self):
        import threading
        thread = threading.Thread(target=RunnableLambda(agent).invoke, args=(1,))
        thread.start()
        thread.join()
"""


@pytest.fixture
def tested(desk):
    """Runs pytest in the desk's folder."""
    desk.write("test_agent.py", TESTS)

    def run(*args, **env):
        command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *args)
        return desk.python(*command, **env)

    return run


def metadata(log):
    """The metadata of each run in the log, by the end of the test's name."""
    records = [
        json.loads(line) for file in sorted(log.glob("*.jsonl")) for line in file.read_text().splitlines()
    ]
    return [record.get("metadata", {}) for record in records if record["ev"] == "run.start"]


def test_each_tests_runs_have_its_node_id(desk, tested):
    done = tested("--steplog", "logs")
    assert done.returncode == 1
    names = [data["test"] for data in metadata(desk.folder / "logs")]
    assert names == [
        "test_agent.py::test_right",
        "test_agent.py::test_right",
        "test_agent.py::test_wrong[1]",
        "test_agent.py::test_wrong[2]",
        "test_agent.py::test_raises",
        "test_agent.py::TestAsync::test_in_a_thread",
    ]


def test_a_listing_calls_each_run_by_its_test(desk, tested):
    tested("--steplog", "logs")
    said = desk.python("-m", "steplog", "ls", "logs").stdout.decode()
    assert [name in said for name in ("test_right", "test_wrong[2]", "test_in_a_thread")] == [True] * 3


def test_the_logs_path_and_a_line_for_each_failing_test_are_printed(desk, tested):
    said = tested("--steplog", "logs").stdout.decode()
    assert f"\nlog: {desk.folder}/logs\n" in said
    assert re.search(r"\ntest_agent.py::test_wrong\[2\]: run \w{8} agent ok, \d+ steps\n", said)
    assert re.search(
        r"\ntest_agent.py::test_raises: run \w{8} agent error, \d+ steps: ValueError: no \\x1b\[31mnegatives\n",
        said,
    )
    assert "\ntest_agent.py::test_no_run: no runs\n" in said
    assert "test_right: run" not in said


def test_the_lines_do_not_need_content_in_the_log(tested):
    said = tested("--steplog", "logs", STEPLOG_CONTENT="none").stdout.decode()
    assert re.search(r"\ntest_agent.py::test_wrong\[2\]: run \w{8} agent ok", said)


def test_without_the_option_nothing_is_recorded_imported_or_printed(desk, tested):
    desk.write(
        "test_agent.py",
        "import sys\ndef test_it():\n    print(*[m for m in sys.modules if 'steplog' in m])\n",
    )
    done = tested("-s")
    assert done.returncode == 0
    loaded = {word for word in done.stdout.decode().split() if word.startswith("steplog")}
    assert loaded <= {"steplog", "steplog._version", "steplog._auto", "steplog._auto.pytest_plugin"}
    assert not desk.log.exists()


def test_the_option_goes_before_what_the_environment_says(desk, tested):
    assert tested("--steplog", "logs", "-k", "right", STEPLOG="elsewhere").returncode == 0
    assert [data["test"] for data in metadata(desk.folder / "logs")] == ["test_agent.py::test_right"] * 2
    assert not (desk.folder / "elsewhere").exists()


def test_a_log_that_cannot_be_written_costs_no_test(tested):
    done = tested("--steplog", "/dev/null/logs", "-k", "right or wrong")
    assert b"2 passed" in done.stdout
    assert b"1 failed" in done.stdout
    assert b"(not in the log)" in done.stdout
