"""Ctrl-C in the middle of an export, or a disk that is full: nothing is left but what was there before."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import steplog

PROGRAM = [sys.executable, "-c", "from steplog._cli.main import main; main()"]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A log of so many runs that an export of it can be met at work."""
    folder = tmp_path_factory.mktemp("many") / "log"
    with steplog.Recorder(folder) as recorder:
        for number in range(1500):
            with recorder.run(f"r{number}", input="x" * 300) as run:
                with run.llm("m", messages=[{"role": "user", "content": "hello"}]) as call:
                    call.set(
                        message={"role": "assistant", "content": "hi"},
                        usage={"input_tokens": 3, "output_tokens": 2},
                    )
                with run.tool("t", args={"q": "y" * 700}) as tool:
                    tool.set(result="z" * 700)
    return folder


def interrupted(command, folder, is_at_work):
    """Calls a command in an empty folder, presses Ctrl-C as soon as it is at work; how it ended."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "OTEL"))}
    process = subprocess.Popen(
        [*PROGRAM, *map(str, command)], cwd=folder, env=env, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while not is_at_work():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("target", ["otlp", "md", "messages", "atif"])
def test_ctrl_c_leaves_nothing_behind(target, many, tmp_path):
    out = "documents" if target == "atif" else "out.txt"

    def is_at_work():
        return any(tmp_path.rglob(".*.part"))

    ended = interrupted(["export", target, "-o", out, "-p", many], tmp_path, is_at_work)
    assert ended == (130, "")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_ctrl_c_leaves_the_file_that_was_there(many, tmp_path):
    (tmp_path / "out.jsonl").write_text("of yesterday")

    def is_at_work():
        return any(tmp_path.glob(".*.part"))

    interrupted(["export", "messages", "-o", "out.jsonl", "-p", many], tmp_path, is_at_work)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("out.jsonl", "of yesterday")]


def test_ctrl_c_leaves_nothing_of_a_delivery_of_parquet(many, tmp_path):
    def is_at_work():
        return (tmp_path / "views" / ".staged").exists()

    code, said = interrupted(["export", "parquet", "views", many], tmp_path, is_at_work)
    assert (code, said) == (130, "")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_what_was_delivered_to_parquet_before(many, tmp_path):
    with steplog.Recorder(tmp_path / "first") as recorder, recorder.run("r"):
        pass
    from steplog import export

    export.parquet(steplog.read(tmp_path / "first"), tmp_path / "views")
    before = sorted(tmp_path.rglob("*"))

    def is_at_work():
        return (tmp_path / "views" / ".staged").exists()

    interrupted(["export", "parquet", "views", many], tmp_path, is_at_work)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_is_one_sentence(many):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = subprocess.run(
        [*PROGRAM, "export", "messages", "-o", "/dev/full", "-p", many],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "steplog: cannot write /dev/full: No space left on device\n")


def test_a_place_that_cannot_be_written_to_is_named(many, tmp_path):
    done = subprocess.run(
        [*PROGRAM, "export", "messages", "-o", tmp_path / "no" / "out.jsonl", "-p", many],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == f"steplog: cannot write {tmp_path}/no/out.jsonl: No such file or directory\n"


def test_a_pipe_and_a_link_are_written_to_as_they_stand(many, tmp_path):
    (tmp_path / "real.md").write_text("")
    (tmp_path / "link.md").symlink_to(tmp_path / "real.md")
    for out in ("/dev/null", tmp_path / "link.md"):
        done = subprocess.run(
            [*PROGRAM, "export", "md", "@last", "-o", out, "-p", many], timeout=60, check=False
        )
        assert done.returncode == 0
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "real.md").read_text().startswith("# r1499")
