"""Where a log may be: what can be none is an error as an argument, and one warning and the default elsewhere."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import steplog
from steplog._write.settings.settings import Settings


def bad_paths(folder):
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.jsonl")
    taken = socket.socket(socket.AF_UNIX)
    taken.bind(str(folder / "socket"))
    taken.close()
    (folder / "link").symlink_to(folder / "pipe")
    return {
        "": "names nothing; for the working directory say '.'",
        "  ": "names nothing",
        b"logs": "is no path: allowed is a text or a pathlib.Path",
        5: "is no path",
        "a\0b": "has a NUL in it",
        "\ud800": "cannot be encoded as a file name here",
        "pipe": "is a pipe; a log is a directory, or one file whose name ends in .jsonl",
        "pipe.jsonl": "is a pipe",
        folder / "link": "is a pipe",
        "socket": "is a socket",
        "/dev/null": "is a device",
        "~nobody-of-this-name/x": "an absolute path would do",
    }


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_path_that_can_be_no_log_is_an_error_that_says_why(here):
    for path, words in bad_paths(here).items():
        for door in (steplog.Recorder, steplog.activate, Settings.load):
            with pytest.raises(steplog.SettingsError) as raised:
                door(path)
            assert str(raised.value).startswith("steplog: path=")
            assert words in str(raised.value), path
    steplog.deactivate()
    assert sorted(p.name for p in here.iterdir()) == ["link", "pipe", "pipe.jsonl", "socket"]


def test_elsewhere_it_costs_one_warning_and_the_default_is_taken(here):
    for path, words in bad_paths(here).items():
        if not isinstance(path, str) or "\0" in path or path == "\ud800":  # no variable can have such a value
            continue
        said = []
        loaded = Settings.load(environ={"STEPLOG_PATH": path}, warn=said.append)
        assert loaded.path == str(here / "steplogs")
        assert len(said) == (1 if path else 0)  # an empty variable is none
        assert all(words in one and "(from STEPLOG_PATH; using the default)" in one for one in said)


def test_a_host_with_such_a_variable_runs_and_writes_nothing_elsewhere(here):
    os.mkfifo(here / "pipe")
    program = "import steplog\nwith steplog.Recorder() as r, r.run('x'): pass\nprint('ran')"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"STEPLOG_PATH": "pipe"}, cwd=here,
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr.count("\n")) == ("ran\n", 1)
    assert sorted(p.name for p in here.iterdir()) == ["pipe", "steplogs"]


def test_where_the_working_directory_is_gone_a_relative_path_is_an_error_and_an_absolute_one_is_none(here):
    gone = here / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    with pytest.raises(steplog.SettingsError, match="an absolute path would do"):
        steplog.Recorder("logs")
    assert Settings.load(here / "logs").path == str(here / "logs")
    said = []
    nowhere = Settings.load(environ={}, warn=said.append).path
    assert len(said) == 1
    assert not Path(nowhere).parent.is_dir()


@pytest.mark.parametrize("path", [".", "logs", "logs/x.jsonl", Path("logs")])
def test_any_other_path_is_made_absolute(here, path):
    assert Settings.load(path).path == str(here / path)
    (here / "logs.jsonl").write_text("")
    assert Settings.load(here / "logs.jsonl").shared


def test_the_home_directory_is_meant_by_a_tilde(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here / "home"))
    assert Settings.load("~/logs").path == str(here / "home" / "logs")
