"""The package steplog-auto: `STEPLOG=./logs` in the environment is enough, and without it nothing happens."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("steplog_auto", reason="the package steplog-auto is not installed")

HERE = Path(__file__).parents[2] / "integrations" / "steplog-auto"
SITE = Path(sysconfig.get_path("purelib"))
RUN_ONE = "from langchain_core.runnables import RunnableLambda\nRunnableLambda(str).invoke(1)\n"
MODULES = "import sys; print(*sys.modules)"
STATE = "import sys; print([m for m in sys.modules if 'steplog' in m], len(sys.meta_path))"


@pytest.mark.parametrize("options", [[], ["-I"], ["-E"], ["-s"], ["-P"]])
def test_the_variable_is_enough(desk, options):
    desk.write("agent.py", RUN_ONE)
    done = desk.python(*options, "agent.py", STEPLOG="./logs")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs(desk.folder / "logs").values()) == [1]


@pytest.mark.parametrize("value", [None, "", "0", "false", "False", "NO", "off", " "])
def test_without_it_nothing_of_us_is_imported_and_nothing_is_installed(desk, value):
    env = {} if value is None else {"STEPLOG": value}
    state = desk.python("-c", STATE, **env).stdout.decode()
    loaded, finders = state.rsplit(" ", 1)
    assert not {"'steplog'", "'steplog_auto'"} & set(loaded.strip("[]").split(", "))
    assert int(finders) == int(desk.python("-c", STATE).stdout.decode().rsplit(" ", 1)[1])


def test_switched_on_it_imports_six_small_modules_and_no_framework(desk):
    off = set(desk.python("-c", MODULES).stdout.decode().split())
    on = set(desk.python("-c", MODULES, STEPLOG="1").stdout.decode().split())
    ours = {"steplog", "steplog._version", "steplog._auto", "steplog._auto.boot", "steplog._auto.finder"}
    assert on - off == {"steplog_auto", "__future__", *ours}


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("raise RuntimeError('split\\nin two')", "RuntimeError: split in two"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def f(:", "SyntaxError: "),
        ("", "AttributeError: module 'steplog' has no attribute 'boot'"),
    ],
)
def test_a_broken_steplog_costs_one_line_and_the_program_runs(desk, broken, reason):
    desk.write("other/steplog.py", broken)
    desk.put_on_path(desk.folder / "other")
    done = desk.python("-c", "print('ran')", STEPLOG="1")
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert done.stderr.decode().startswith(f"steplog: nothing is recorded: {reason}")
    # What could not be written is said once more at the end, with what it cost.
    assert done.stderr.count(b"\n") == (2 if b"cannot write" in done.stderr else 1)


def test_only_the_first_process_says_so(desk):
    desk.write("other/steplog.py", "1 / 0")
    desk.put_on_path(desk.folder / "other")
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1)'], check=True)"
    assert desk.python("-c", child, STEPLOG="1").stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "env", [{"STEPLOG_CONTENT": "some"}, {"STEPLOG_CONTNT": "none"}, {"STEPLOG_PATH": "/dev/null/logs"}]
)
def test_broken_settings_cost_one_line_and_the_program_runs(desk, env):
    done = desk.python("-c", RUN_ONE + "print('ran')", **{"STEPLOG": "1", **env})
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert done.stderr.startswith(b"steplog: ")
    # What could not be written is said once more at the end, with what it cost.
    assert done.stderr.count(b"\n") == (2 if env.get("STEPLOG_PATH") else 1)


def test_the_projects_settings_hold_in_a_program_that_changes_its_directory_and_in_its_children(desk):
    desk.write("pyproject.toml", "[tool.steplog]\npath = 'right'\ncontent = 'none'\n")
    desk.write("elsewhere/pyproject.toml", "[tool.steplog]\npath = 'wrong'\n")
    desk.write("child.py", RUN_ONE)
    program = (
        "import os, subprocess, sys\nos.chdir('elsewhere')\n"
        "subprocess.run([sys.executable, '../child.py'], check=True)\n"
    )
    done = desk.python("-c", program + RUN_ONE, STEPLOG="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(desk.runs(desk.folder / "right").values()) == [1, 1]
    assert all(b'"content":"none"' in file.read_bytes() for file in (desk.folder / "right").iterdir())


def test_under_steplog_run_it_changes_nothing(desk):
    done = desk.steplog_run("--path", "logs", "-c", RUN_ONE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs(desk.folder / "logs").values()) == [1]


def test_what_python_reads_at_start_up_names_what_is_there():
    [line] = (HERE / "zzz_steplog_auto.pth").read_text().splitlines()
    assert line.startswith("import ")
    [entry] = (HERE / "zzz_steplog_auto.start").read_text().splitlines()
    assert callable(pkgutil.resolve_name(entry))


def test_an_editable_install_has_both_files():
    assert {"zzz_steplog_auto.pth", "zzz_steplog_auto.start"} <= {file.name for file in SITE.iterdir()}


def test_the_entry_of_the_start_file_looks_at_the_variable_itself(desk):
    call = "import steplog_auto; steplog_auto.start(); " + STATE
    assert b"'steplog'" not in desk.python("-c", call, STEPLOG="0").stdout
    assert b"'steplog'" in desk.python("-c", call, STEPLOG="1").stdout


def test_a_wheel_has_both_files_at_its_root_and_works_where_it_is_installed(desk):
    pytest.importorskip("hatchling", reason="hatchling, which builds the wheel, is not installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(desk.folder)]
    subprocess.run(build, cwd=HERE, check=True, capture_output=True)
    [wheel] = desk.folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(desk.folder / "env")], check=True)
    python = desk.folder / "env" / "bin" / "python"
    site = next((desk.folder / "env").rglob("site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        assert {"zzz_steplog_auto.pth", "zzz_steplog_auto.start"} <= set(archive.namelist())
        archive.extractall(site)
    (site / "others.pth").write_text(f"{Path(__file__).parents[2] / 'src'}\n")
    done = desk.plain(str(python), "-I", "-c", STATE, STEPLOG="1")
    assert b"'steplog._auto.finder'" in done.stdout
    assert done.stderr == b""
