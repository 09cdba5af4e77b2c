"""`steplog demo`: a sample log, and a tour of the commands, offline and in seconds."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

import steplog

COMMAND = [sys.executable, "-c", "from steplog._cli.main import main; main()", "demo"]
ENV = {name: value for name, value in os.environ.items() if not name.startswith("STEPLOG")}


def test_it_writes_five_runs_that_ended_in_five_ways(tmp_path):
    done = subprocess.run(
        [*COMMAND, "--path", "log"], cwd=tmp_path, env=ENV, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    log = steplog.read(tmp_path / "log")
    statuses = {run.name: run.status for run in log.runs}
    assert statuses == {
        "research": "ok",
        "refund": "error",
        "find invoice": "abandoned",
        "send newsletter": "interrupted",
        "nightly report": "crashed",
    }
    assert (log.bad, log.gaps, log.lost, log.faults) == ((), (), (), ())
    [dying] = log.run("@last").in_flight
    assert (dying.name, dying.field("args")) == ("export_orders", {"day": "yesterday"})


def test_the_tour_shows_what_the_commands_show_and_no_secret(tmp_path):
    began = time.monotonic()
    done = subprocess.run(
        COMMAND,
        cwd=tmp_path,
        env={**ENV, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert time.monotonic() - began < 20
    said = done.stdout
    commands = [line for line in said.splitlines() if line.startswith("$ ")]
    assert [command.split()[2] for command in commands] == ["ls", *["show"] * 6, "tail"]
    for words in (
        "still running when the process died",
        "ConnectionError",
        "[masked:openai_key]",
        "waits for a human",
    ):
        assert words in said
    assert "demo1demo1" not in said
    [folder] = tmp_path.iterdir()
    assert f"export STEPLOG_PATH={folder}" in said
    assert all("demo1demo1" not in file.read_text() for file in folder.iterdir())


def test_at_a_terminal_each_page_waits_and_q_ends_the_tour(tmp_path):
    master, slave = pty.openpty()
    env = {**ENV, "TERM": "xterm", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(COMMAND, cwd=tmp_path, env=env, stdin=slave, stdout=slave) as process:
        os.close(slave)
        until(master, b"q to quit", key=b"")
        page = until(master, b"q to quit", key=b" ")
        assert b"steplog show" in page
        assert b"steplog tail" not in until(master, b"Look on with", key=b"q")
        assert process.wait(timeout=20) == 0
    os.close(master)


def until(terminal, words, key):
    """What comes up to these words. The key is pressed until something comes: what is typed too early is dropped."""
    seen = b""
    while words not in seen:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 4096)
        elif key and not seen:
            os.write(terminal, key)
    return seen
