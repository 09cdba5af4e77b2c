"""The example project's twenty tests pass, and those of a run that changed fail: run as its readers run them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import steplog
from steplog import ask

EXAMPLE = Path(__file__).parents[2] / "examples" / "tested_agent"


@pytest.fixture
def example(tmp_path):
    """A copy of the project."""
    folder = tmp_path / "tested_agent"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def outcome_of(folder, *words):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_twenty_tests_pass(example):
    code, said = outcome_of(example)
    assert code == 0, said
    assert "20 passed" in said


def test_they_fail_where_the_agent_has_changed(example):
    agent = example / "shop_agent.py"
    agent.write_text(agent.read_text("utf-8").replace("Be brief.", "Be long."), "utf-8")
    code, said = outcome_of(example, "test_replay.py", "test_golden.py")
    assert code == 1
    failed = set(re.findall(r"FAILED \S+::(\w+)", said))
    assert failed >= {"test_our_agent_still_does_the_same", "test_the_refund_is_what_it_was"}
    assert "test_the_recorded_run_passes_as_it_stands" not in failed, "it needs the log alone"
    assert "is 'You help customers of a tea shop. Refund" in said or "Be long." in said


def test_its_recorded_run_is_what_its_readme_says_it_is(example):
    program = "from steplog._cli.main import main; main()"
    run = [sys.executable, "-c", program, "run", "--path", "logs", "shop_agent.py"]
    subprocess.run(run, cwd=example, check=True, capture_output=True)
    keep = [sys.executable, "-c", program, "test", "@last", "logs", "--keep", "again.jsonl"]
    subprocess.run(keep, cwd=example, check=True, capture_output=True)
    kept, again = (steplog.read(example / name).runs[-1] for name in ("recorded/refund.jsonl", "again.jsonl"))
    assert ask.diff(kept, again).same
