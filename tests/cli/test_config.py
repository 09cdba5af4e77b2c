"""`steplog config`: what is in force, and where it comes from."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture
def config(tmp_path):
    """Runs the command in a folder with this pyproject.toml."""

    def run(*args, project="", **env):
        if project:
            (tmp_path / "pyproject.toml").write_text(project)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("STEPLOG")}
        command = [sys.executable, "-c", "from steplog._cli.main import main; main()", "config", *args]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env={**clean, **env}, check=False
        )

    return run


def rows(done):
    return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()[1:]}


def test_every_setting_is_shown_with_its_value_and_where_that_comes_from(config, tmp_path):
    project = "[tool.steplog]\ncontent = 'none'\nmax_items = 20\npath = 'logs'"
    done = config(project=project, STEPLOG_MAX_ITEMS="30", STEPLOG_REDACT="0")
    assert (done.returncode, done.stderr) == (0, "")
    shown = rows(done)
    file = str(tmp_path / "pyproject.toml")
    assert shown["content"] == ["none", file]
    assert shown["path"] == [str(tmp_path / "logs"), file]
    assert shown["max_items"] == ["30", "STEPLOG_MAX_ITEMS"]
    assert shown["redact"] == ["off", "STEPLOG_REDACT"]
    assert shown["detail"] == ["steps", "default"]


def test_the_path_in_the_switch_is_told_as_such(config, tmp_path):
    assert rows(config(STEPLOG="./x"))["path"] == [str(tmp_path / "x"), "STEPLOG"]


def test_as_json(config):
    told = json.loads(config("--json", STEPLOG="1", STEPLOG_CONTENT="preview").stdout)
    assert (told["on"], told["problems"]) == (True, [])
    assert told["settings"]["content"] == {"value": "preview", "from": "STEPLOG_CONTENT"}


@pytest.mark.parametrize(
    ("env", "project", "said"),
    [
        ({"STEPLOG_CONTENT": "some"}, "", "content='some': allowed are full, preview, none (from STEPLOG_CONTENT; using the default)"),
        ({"STEPLOG_DETIAL": "all"}, "", "unknown variable STEPLOG_DETIAL; did you mean STEPLOG_DETAIL? There are "),
        ({}, "[tool.steplog]\ndetial = 'all'", "unknown setting 'detial' in "),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_and_the_exit_code_says_so(config, env, project, said):
    done = config(project=project, **env)
    assert done.returncode == 1
    assert done.stderr.startswith(f"steplog: {said}")
    assert rows(done)["content"] == ["full", "default"]


def test_a_key_is_not_shown(config):
    done = config(STEPLOG_CHAIN_KEY="s3cret")
    assert "s3cret" not in done.stdout + done.stderr


def test_nothing_in_a_project_steers_the_terminal(config):
    done = config(project='[tool.steplog]\npath = "\\u001b[2Jx"\n"\\u001b[31mname" = 1')
    assert "\x1b" not in done.stdout + done.stderr
