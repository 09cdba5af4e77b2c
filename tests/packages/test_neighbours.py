"""steplog and an adapter of neighbouring versions work together, or say in one line why not and what to do."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO

import pytest
from distributions import ROOT

import steplog

LANGCHAIN = ROOT / "integrations/langchain-steplog"
LLAMA_INDEX = ROOT / "integrations/llama-index-observability-steplog"
# The last commit of 0.1.
OLD = "9bcd845"
AGENT = """
from contextlib import closing
from langchain_core.runnables import RunnableLambda
from langchain_steplog import StepLogHandler
with closing(StepLogHandler("logs")) as handler:
    print(RunnableLambda(lambda x: x + 1, name="plus").invoke(1, {"callbacks": [handler]}))
"""


def python(*words, cwd, paths, **env):
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))} | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def older_core(tmp_path):
    """Today's core under the number of the minor version before."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    version = tmp_path / "src/steplog/_version.py"
    version.write_text(re.sub(r'"\d+\.\d+\.\d+"', '"0.1.7"', version.read_text()))
    return tmp_path / "src"


@pytest.mark.parametrize(
    ("module", "folder"),
    [("langchain_steplog", LANGCHAIN), ("llama_index.observability.steplog", LLAMA_INDEX)],
)
def test_an_adapter_that_is_newer_than_steplog_says_so_in_one_line(older_core, tmp_path, module, folder):
    done = python("-c", f"import {module}", cwd=tmp_path, paths=[older_core, folder])
    last = done.stderr.strip().splitlines()[-1]
    assert last == (
        f"ImportError: {folder.name} {steplog.__version__} needs steplog {steplog.__version__.rpartition('.')[0]}, "
        "and steplog 0.1.7 is installed: pip install --upgrade steplog"
    )


def test_a_program_that_is_recorded_from_outside_goes_on_without_it(older_core, tmp_path):
    pytest.importorskip("langchain_core")
    (tmp_path / "agent.py").write_text(
        "from langchain_core.runnables import RunnableLambda\nprint(RunnableLambda(lambda x: x + 1).invoke(1))\n"
    )
    done = python(*("-m", "steplog", "run", "agent.py"), cwd=tmp_path, paths=[older_core, LANGCHAIN])
    assert (done.returncode, done.stdout) == (0, "2\n")
    assert "0.1.7 is installed: pip install --upgrade steplog" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.packages
def test_the_adapter_of_0_1_records_with_steplog_of_today(tmp_path):
    archive = subprocess.run(
        ["git", "archive", OLD, "integrations/langchain-steplog"], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip("the history of this checkout does not reach back to 0.1")
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(tmp_path / "old", filter="data")
    paths = [ROOT / "src", tmp_path / "old/integrations/langchain-steplog"]
    done = python("-c", AGENT, cwd=tmp_path, paths=paths)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    shown = python("-m", "steplog", "ls", "logs", "--columns", "name,status", cwd=tmp_path, paths=paths)
    assert shown.stdout.split() == ["NAME", "STATUS", "plus", "ok"]
