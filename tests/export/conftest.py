"""A log of real agents: one that is fine, one that failed, one whose process died, one that asked a human, a team."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import steplog

HERE = Path(__file__).parent
RUN = (sys.executable, "-c", "from steplog._cli.main import main; main()", "run", "--path")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("exported") / "log"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "LANGSMITH"))}
    for kind in ("five", "failed", "crashed", "interrupted", "team"):
        subprocess.run(
            [*RUN, where, HERE / "agents.py", kind], env=env, capture_output=True, check=False, timeout=120
        )
    return where


@pytest.fixture(scope="session")
def log(folder):
    return steplog.read(folder)


@pytest.fixture(scope="session")
def run_named(log):
    """A function: the last run of that name."""
    return lambda name: [run for run in log.runs if run.name == name][-1]


@pytest.fixture
def command(tmp_path):
    """A function: calls `steplog` in an empty folder."""

    def call(*words, **env):
        program = [sys.executable, "-c", "from steplog._cli.main import main; main()", *map(str, words)]
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "OTEL"))
        }
        return subprocess.run(
            program, cwd=tmp_path, env=clean | env, capture_output=True, text=True, timeout=120, check=False
        )

    return call
