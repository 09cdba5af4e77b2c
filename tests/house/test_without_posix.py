"""What only POSIX or Linux has is missed without an import error: no fcntl, no fork, no /proc, no O_NOFOLLOW.

It is no Windows and no macOS: those were never run.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HIDING = Path(__file__).with_name("without_posix")
# The core: record, write, read back, show, ask. Tests that are left out are of what is taken away.
CORE = (
    "tests/record/test_recorder.py",
    "tests/read/test_log.py",
    "tests/format/test_frozen.py",
    "tests/cli/test_commands.py",
)
OF_POSIX = "not (fork or killed or died or pid or process or private or crashed or lives or umask)"
AGENT = """
from langchain_core.runnables import RunnableLambda
print(RunnableLambda(lambda x: x + 1, name="plus").invoke(1))
"""


def call(*words, cwd):
    env = {name: value for name, value in os.environ.items() if not name.startswith("STEPLOG")}
    return subprocess.run(
        words,
        cwd=cwd,
        env=env | {"PYTHONPATH": str(HIDING)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_it_is_taken_away(tmp_path):
    program = "import os, sys\ntry: import fcntl\nexcept ImportError: print(hasattr(os, 'fork'), os.path.exists('/proc'))"
    assert call(sys.executable, "-c", program, cwd=tmp_path).stdout == "False False\n"


def test_every_module_of_ours_can_be_imported(tmp_path):
    names = sorted(
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for path in (ROOT / "src" / "steplog").rglob("*.py")
        if "launcher" not in path.parts
    )
    program = """
import importlib, sys, traceback
for name in sys.argv[1:]:
    try:
        importlib.import_module(name.removesuffix(".__init__"))
    except ModuleNotFoundError as error:  # a library of an extra, or what it imports itself on POSIX
        asked = traceback.extract_tb(error.__traceback__)[-1].filename
        if "/src/steplog/" in asked and (error.name or "") in ("fcntl", "resource", "pwd", "grp", "steplog"):
            raise
"""
    done = call(sys.executable, "-W", "ignore", "-c", program, *names, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_agent_is_recorded_and_shown(tmp_path):
    (tmp_path / "agent.py").write_text(AGENT)
    steplog = (sys.executable, "-c", "from steplog._cli.main import main; main()")
    ran = call(*steplog, "run", "agent.py", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "2\n", "")
    shown = call(*steplog, "show", "@last", cwd=tmp_path)
    assert shown.stdout.startswith("plus  ok")
    told = call(*steplog, "doctor", "--environment", cwd=tmp_path)
    assert told.returncode == 0
    assert "fork: no, O_NOFOLLOW: no, locks: no, boot id: no" in told.stdout


@pytest.mark.parametrize("tests", CORE)
def test_the_core_of_the_suite_passes(tests):
    words = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", tests, "-k", OF_POSIX)
    done = call(*words, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:]
