"""What `steplog run` says at the end: once, on a terminal's stderr, and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import subprocess

import pytest

AGENT = """
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

GenericFakeChatModel(messages=iter([AIMessage("hello")])).invoke("hi", {"run_name": "greet"})
"""


def on_a_terminal(desk, *words):
    """What a person sees of the program's stderr, stdout and the exit code being apart."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*desk.STEPLOG_RUN, *words], cwd=desk.folder, env=desk.env, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # the terminal is gone with its last program
            break
        if not more:
            break
        seen += more
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    return seen.decode().replace("\r\n", "\n"), out, process.returncode


def test_it_says_what_was_recorded_and_how_to_look(desk):
    desk.write("agent.py", AGENT)
    said, out, code = on_a_terminal(desk, "agent.py")
    assert (out, code) == (b"", 0)
    assert re.fullmatch(r"steplog: greet ok 1 step \?/\? tokens steplog show @last\n", said), said


def test_what_it_tells_to_type_finds_the_run(desk):
    desk.write("agent.py", AGENT)
    said, _, _ = on_a_terminal(desk, "--path", "my logs", "agent.py")
    words = said.strip().partition("steplog show ")[2]
    assert words == "@last -p 'my logs'"
    shown = desk.python("-c", "from steplog._cli.main import main; main()", "show", "@last", "-p", "my logs")
    assert shown.returncode == 0


def test_several_runs_are_told_newest_last(desk):
    desk.write(
        "agent.py",
        "from langchain_core.runnables import RunnableLambda\nfor i in range(5):\n    RunnableLambda(str, name=f'n{i}').invoke(i)\n",
    )
    said, _, _ = on_a_terminal(desk, "agent.py")
    lines = said.splitlines()
    assert lines[0] == "steplog: 2 more runs before: steplog ls"
    assert [line.split()[1] for line in lines[1:]] == ["n2", "n3", "n4"]
    assert lines[-1].endswith("steplog show @last")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("print('x')", "the program imported neither LangChain nor LlamaIndex"),
        ("import langchain_core.runnables\nraise SystemExit(3)", "the program stopped before its first run"),
        (
            "import langchain_core.tracers.context",
            "LangChain was imported, but no agent, chain or model of it ran",
        ),
    ],
)
def test_where_nothing_was_recorded_it_says_why(desk, program, why):
    desk.write("program.py", program)
    said, _, code = on_a_terminal(desk, "program.py")
    assert said == f"steplog: nothing was recorded: {why}\n"
    assert code == (3 if "SystemExit" in program else 0)


def test_an_older_run_is_not_taken_for_this_one(desk):
    desk.write("agent.py", AGENT)
    desk.write("program.py", "print('x')")
    desk.steplog_run("agent.py")
    said, _, _ = on_a_terminal(desk, "program.py")
    assert said.endswith("; what the log has is older\n")


def test_a_program_that_fails_is_told_and_its_exit_code_stays(desk):
    desk.write("agent.py", AGENT + "raise SystemExit(7)\n")
    said, _, code = on_a_terminal(desk, "agent.py")
    assert code == 7
    assert "steplog show @last" in said


def test_quiet_says_nothing(desk):
    desk.write("agent.py", AGENT)
    assert on_a_terminal(desk, "--quiet", "agent.py") == ("", b"", 0)


def test_what_is_piped_gets_no_word_of_ours(desk):
    desk.write("agent.py", AGENT)
    done = desk.steplog_run("agent.py")
    assert (done.stdout, done.stderr) == (b"", b"")


def test_children_keep_silent(desk):
    desk.write("agent.py", AGENT)
    desk.write(
        "parent.py",
        "import os, subprocess, sys\nsubprocess.run([sys.executable, 'agent.py'], check=True)\n"
        + AGENT
        + "if os.fork() == 0:\n    raise SystemExit\nos.wait()\n",
    )
    said, _, _ = on_a_terminal(desk, "parent.py")
    assert said.count("steplog:") == 1
