"""What a five-step run costs in things that can be counted, which no machine changes: lines, writes, bytes, calls."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RUN = {"run.start": 1, "node.start": 5, "llm.start": 3, "tool.start": 2}
STEPS = Counter(RUN | {ev.replace("start", "end"): n for ev, n in RUN.items()})


class CountingSink:
    """Counts writes, and keeps the lines."""

    shared = False

    def __init__(self):
        self.writes = []

    def open(self, stamp, pid, w):
        pass

    def write(self, lines):
        self.writes.append(bytes(lines))
        return len(lines)

    def close(self):
        pass


@pytest.fixture
def writes(five_steps, request):
    """What the second of two runs hands to its sink, with the settings that the test asks for."""
    from langchain_steplog import StepLogHandler

    sink = CountingSink()
    handler = StepLogHandler(sink=sink, **getattr(request, "param", {}))
    five_steps([handler])
    sink.writes.clear()  # the first has log.open
    five_steps([handler])
    written = list(sink.writes)
    handler.close()
    return written


def test_a_line_a_fact_and_a_write_a_line(writes):
    import orjson

    assert [data.count(b"\n") for data in writes] == [1] * 22
    assert Counter(orjson.loads(data)["ev"] for data in writes) == STEPS


@pytest.mark.xfail(strict=False, reason="until the appender writes several records with one system call")
def test_a_bare_model_call_is_four_lines_and_two_writes(bare_call):
    from langchain_steplog import StepLogHandler

    sink = CountingSink()
    handler = StepLogHandler(sink=sink)
    bare_call([handler])
    sink.writes.clear()  # the first has log.open
    bare_call([handler])
    assert [data.count(b"\n") for data in sink.writes] == [2, 2]
    handler.close()


@pytest.mark.parametrize(
    ("writes", "most"),
    [({}, 7300), ({"content": "preview"}, 6200), ({"content": "none"}, 3600)],
    indirect=["writes"],
    ids=["full", "preview", "none"],
)
def test_a_run_stays_within_its_bytes(writes, most):
    size = sum(map(len, writes))
    assert most * 0.8 < size <= most, f"{size} bytes: a change for the better lowers the bound"


PROGRAM = """
import sys
from stepbench.langchain_work import WORK
from langchain_steplog import StepLogHandler
run = WORK[0].prepare()
handler = StepLogHandler(sys.argv[1])
for _ in range(int(sys.argv[2])):
    run([handler])
"""


def system_calls(folder, runs):
    """Calls on files of the log, by name, of a process that records this many runs."""
    trace = folder / "trace.txt"
    command = ["strace", "-f", "-y", "-qq", "-e", "trace=%file,%desc", "-o", trace]
    subprocess.run(
        [*command, sys.executable, "-c", PROGRAM, folder / "log", str(runs)], cwd=BENCHMARKS, check=True
    )
    lines = [line for line in trace.read_text().splitlines() if f"{folder}/log" in line]
    trace.unlink()
    return Counter(re.sub(r"^\d+ +(<\.\.\. )?", "", line).partition("(")[0].split()[0] for line in lines)


def can_trace():
    """Whether strace is there and may trace."""
    found = shutil.which("strace")
    return (
        found is not None
        and subprocess.run([found, "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not trace here")
def test_a_run_makes_no_system_call_on_the_log_but_one_write_a_line(tmp_path, five_steps):
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    more = system_calls(many, 3)
    more.subtract(system_calls(few, 1))
    assert {name: n for name, n in more.items() if n} == {"write": 2 * 22}
