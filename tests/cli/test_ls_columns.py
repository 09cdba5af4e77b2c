"""Runs can be told apart in a listing, also in 80 columns where all of them are called alike."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

import steplog

ASKED = {
    "research": "Who wrote the paper on attention?",
    "billing": "Refund order 1017 please",
    "weather": "Will it rain in Oslo tomorrow?",
    "support": "My printer is on fire",
    "orders": "How many orders yesterday?",
    "travel": "Book a train to Bergen",
    "review": "Review this pull request",
}
PROGRAM = """
import sys, steplog
with steplog.Recorder("steplogs") as recorder:
    with recorder.run("LangGraph", input={"messages": [{"role": "user", "content": sys.argv[1]}]}) as run:
        with run.llm(model="gpt-4o") as call:
            call.set(usage={"input_tokens": 12345, "output_tokens": 678})
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Seven programs, each of which has run an agent that LangGraph calls LangGraph."""
    folder = tmp_path_factory.mktemp("programs")
    for name, asked in ASKED.items():
        (folder / f"{name}.py").write_text(PROGRAM)
        subprocess.run([sys.executable, f"{name}.py", asked], cwd=folder, check=True)
    return folder / "steplogs"


def on_terminal(columns, *args):
    """The lines of `steplog` on a terminal of that width, without what paints them."""
    parent, child = pty.openpty()
    env = os.environ | {"COLUMNS": str(columns), "LINES": "50", "TERM": "xterm"}
    command = [sys.executable, "-c", "from steplog._cli.main import main; main()", *map(str, args)]
    process = subprocess.Popen(command, env=env, stdin=child, stdout=child, stderr=child)
    os.close(child)
    shown = b""
    try:
        while part := os.read(parent, 65536):
            shown += part
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(parent)
    process.wait()
    return re.sub("\x1b\\[[0-9;]*m", "", shown.decode()).replace("\r", "").splitlines()


@pytest.mark.parametrize("columns", [60, 80, 100, 120, 200])
def test_program_and_question_tell_runs_apart_and_no_row_is_wider_than_the_terminal(log, columns):
    lines = on_terminal(columns, "ls", log)
    assert len(lines) == 1 + len(ASKED) + 1, "a row is a line"
    assert max(map(len, lines)) <= columns
    for line, (name, asked) in zip(lines[1:], ASKED.items(), strict=False):
        assert f"{name}.py" in line
        assert asked[:15] in line


def test_what_is_alike_in_all_runs_gives_way_first_and_comes_back_where_there_is_room(log):
    assert "LangGraph" not in on_terminal(80, "ls", log)[1]
    assert "TIME" in on_terminal(80, "ls", log)[0]
    assert "STATUS" in on_terminal(80, "ls", log)[0]
    assert "LangGraph" in on_terminal(200, "ls", log)[1]
    assert "12.3k" in on_terminal(200, "ls", log)[1]


def test_the_columns_that_are_asked_for_are_those_that_are_shown(log):
    header = on_terminal(80, "ls", log, "--columns", "name,in,thread")[0]
    assert header.split() == ["NAME", "IN", "THREAD"]


def test_a_piped_listing_has_no_width(log, desk):
    lines = desk.steplog("ls", str(log), COLUMNS="40").stdout.decode().splitlines()
    assert lines[0].split()[-2:] == ["PROGRAM", "ASKED"]
    assert all(asked in line for line, asked in zip(lines[1:], ASKED.values(), strict=False))


def test_one_program_is_not_named_in_each_row(log, desk):
    lines = desk.steplog("ls", "-n", "1", str(log)).stdout.decode().splitlines()
    assert "PROGRAM" not in lines[0]


def test_of_a_run_that_is_a_single_call_its_question_is_what_was_asked(tmp_path, desk):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("gpt-4o") as run:
        with run.llm(model="gpt-4o", messages=[{"role": "user", "content": "Is it late?"}]):
            pass
    listed = desk.steplog("ls", str(tmp_path / "log")).stdout.decode().splitlines()
    assert "Is it late?" in listed[1]
