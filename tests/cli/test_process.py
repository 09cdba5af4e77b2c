"""The command as a process: pipes, interrupts, import time, permissions, the terminal."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import steplog
from sample_log import SEGMENT, Lines, weather

COMMAND = [sys.executable, "-c", "from steplog._cli.main import main; main()"]
ENV = {
    **os.environ,
    "PYTHONPATH": str(Path(steplog.__file__).parents[1]),
    "COLUMNS": "200",
    "TERM": "xterm-256color",
}


def run(*args, **kwargs):
    return subprocess.run(
        [*COMMAND, *map(str, args)], env=ENV, capture_output=True, text=True, check=False, **kwargs
    )


def on_terminal(*args, **env):
    parent, child = pty.openpty()
    process = subprocess.Popen([*COMMAND, *map(str, args)], env={**ENV, **env}, stdout=child, stderr=child)
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(parent)
    process.wait()
    return shown.decode()


def test_a_reader_that_stops_early_ends_the_command_quietly(tmp_path):
    lines = Lines().opened()
    for number in range(5_000):
        lines.run = f"{number:016x}"
        lines.add("run.start", id="x")
    log = lines.write_in(tmp_path)
    process = subprocess.Popen([*COMMAND, "ls", log], env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_ctrl_c_ends_following_quietly(tmp_path):
    log = weather().write_in(tmp_path)
    args = [*COMMAND, "tail", "-f", "--jsonl", log]
    process = subprocess.Popen(args, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert [json.loads(process.stdout.readline())["seq"] for _ in range(10)] == list(range(3, 13))
    with (log / SEGMENT).open("ab") as file:
        file.write(b'{"seq":13,"ts":"2026-11-23T03:13:00.000000Z","ev":"log.lost","count":1,"reason":"x"}\n')
    assert json.loads(process.stdout.readline())["seq"] == 13
    process.send_signal(signal.SIGINT)
    assert process.communicate() == ("", "")
    assert process.returncode == 0


def test_help_imports_no_command_no_reader_and_no_rich():
    found = subprocess.run(
        [sys.executable, "-X", "importtime", *COMMAND[1:], "--help"],
        env=ENV,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"steplog._cli.ls", "steplog._cli.run", "steplog._read", "rich", "orjson"} & {
        line.rpartition("|")[2].strip() for line in found.stderr.splitlines()
    }
    assert re.search("show +Show one run as a tree", found.stdout)


def test_a_listing_that_is_piped_imports_no_rich(tmp_path):
    log = weather().write_in(tmp_path)
    found = subprocess.run(
        [sys.executable, "-X", "importtime", *COMMAND[1:], "ls", log],
        env=ENV,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rich" not in {line.rpartition("|")[2].strip() for line in found.stderr.splitlines()}


def test_a_terminal_gets_a_table_with_nothing_of_the_log_in_command(tmp_path):
    lines = weather()
    lines.run = "9" * 16
    lines.add("run.start", id="x", name="[red]a\x1b]0;b\x07\u202ec").write_in(tmp_path)
    shown = on_terminal("ls", tmp_path)
    assert "[red]a\\x1b]0;b\\x07\\u202ec" in shown
    assert "\x1b]0" not in shown
    assert "\x07" not in shown
    assert "\x1b[32m" in shown
    assert "\x1b[32m" not in on_terminal("ls", tmp_path, NO_COLOR="1")


def test_a_terminal_without_unicode_gets_ascii_branches(tmp_path):
    log = weather().write_in(tmp_path)
    env = {**ENV, "PYTHONIOENCODING": "iso8859-1"}
    found = subprocess.run([*COMMAND, "show", "@last", "-p", log], env=env, capture_output=True, check=True)
    assert b"2 |  |- llm gpt-x" in found.stdout
    assert b"rain, 4 \xb0C -> Rain" in found.stdout


def test_the_version_is_said():
    assert run("--version").stdout == f"steplog {steplog.__version__}\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_one_sentence_and_code_2(tmp_path):
    file = weather().write(tmp_path / "a.jsonl")
    file.chmod(0)
    found = run("ls", file)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == f"steplog: {file} cannot be read: Permission denied\n"


def test_a_terminal_of_80_columns_has_room_for_a_runs_name(tmp_path):
    import os

    path = weather().write(tmp_path / "a.jsonl")
    ours, theirs = os.openpty()
    program = (
        f"import sys; sys.argv = ['steplog', 'ls', {str(path)!r}]; from steplog._cli.main import main; main()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=theirs,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # how Linux says that the other end of a terminal is closed
        pass
    assert child.wait() == 0
    assert b"forecast" in shown


def test_on_a_terminal_what_is_longer_than_it_goes_through_the_pager(tmp_path):
    path = weather().write(tmp_path / "a.jsonl")
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\nsed 's/^/paged: /'\n")
    pager.chmod(0o755)
    assert "paged: " in long_on_a_terminal("4", path, pager)
    assert "paged: " not in long_on_a_terminal("200", path, pager)
    assert "paged: " not in long_on_a_terminal("4", path, pager, "--no-pager")


def long_on_a_terminal(lines, path, pager, *options):
    """What a terminal of so many lines gets of `steplog show`."""
    ours, theirs = os.openpty()
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from steplog._cli.main import main; main()",
            "show",
            "@last",
            "-p",
            path,
            *options,
        ],
        stdout=theirs,
        stdin=theirs,
        env={**os.environ, "COLUMNS": "100", "LINES": lines, "TERM": "xterm", "PAGER": str(pager)},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 1 << 16)
        except OSError:
            break
        if not more:
            break
        shown += more
    child.wait(30)
    os.close(ours)
    return shown.decode()
