"""The launcher's sitecustomize: it reaches every Python below the program, and takes nobody's place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

RUN_ONE = "from langchain_core.runnables import RunnableLambda\nRunnableLambda(lambda n: n + 1).invoke(1)\n"
# `steplog run`, where the program's PYTHONPATH is not to be the one on which this steplog was found
WITHOUT_PYTHONPATH = f"import sys; sys.path[:] = {sys.path!r}; from steplog._cli.run import run; run()"


# Processes below the program


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_processes_of_multiprocessing_are_recorded(desk, method):
    program = f"""
import multiprocessing, os

def work(_):
    from langchain_core.runnables import RunnableLambda
    RunnableLambda(str).invoke(1)
    return os.getpid()

if __name__ == "__main__":
    work(0)
    with multiprocessing.get_context("{method}").Pool(1) as pool:
        print(os.getpid(), pool.map(work, [1])[0])
        pool.close()
        pool.join()
"""
    desk.write("agent.py", program)
    done = desk.steplog_run("agent.py")
    assert (done.returncode, done.stderr) == (0, b"")
    parent, child = map(int, done.stdout.split())
    assert parent != child
    assert desk.runs() == {parent: 1, child: 1}


def test_a_subprocess_is_recorded(desk):
    desk.write("child.py", RUN_ONE)
    desk.write("agent.py", "import subprocess, sys; subprocess.run([sys.executable, 'child.py'], check=True)")
    done = desk.steplog_run("agent.py")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs().values()) == [1]


def test_a_process_that_becomes_another_program_is_recorded_in_both(desk):
    desk.write("second.py", RUN_ONE)
    desk.write(
        "agent.py", RUN_ONE + "import os, sys; os.execv(sys.executable, [sys.executable, 'second.py'])"
    )
    done = desk.steplog_run("agent.py")
    assert (done.returncode, done.stderr) == (0, b"")
    assert sum(desk.runs().values()) == 2


def test_a_python_below_a_shell_script_is_recorded(desk):
    desk.write("agent.py", RUN_ONE)
    done = desk.steplog_run("sh", "-c", "cd / && python " + str(desk.folder / "agent.py"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs().values()) == [1]


# What the program sees of us


SEEN = "import json, sys; json.dump([sys.path, 'sitecustomize' in sys.modules], sys.stdout)"


def test_the_import_path_is_the_one_without_us(desk):
    assert json.loads(desk.steplog_run("-c", SEEN).stdout) == json.loads(desk.python("-c", SEEN).stdout)


def test_an_empty_pythonpath_does_not_put_the_current_directory_on_the_import_path(desk):
    desk.write("agent.py", SEEN)
    recorded = desk.python("-c", WITHOUT_PYTHONPATH, "agent.py", PYTHONPATH="")
    assert json.loads(recorded.stdout)[0] == json.loads(desk.python("agent.py", PYTHONPATH="").stdout)[0]


def test_the_path_of_the_program_reaches_its_children_unchanged_but_for_ours(desk):
    desk.put_on_path(desk.folder / "a b")
    done = desk.steplog_run("-c", "import os; print(os.environ['PYTHONPATH'])")
    ours, rest = done.stdout.decode().rstrip("\n").split(os.pathsep, 1)
    assert rest == desk.env["PYTHONPATH"]
    assert {entry.name for entry in Path(ours).iterdir()} - {"__pycache__"} == {"sitecustomize.py"}


# The program's own sitecustomize


def test_the_sitecustomize_of_the_program_runs_as_itself(desk):
    desk.write("mine/sitecustomize.py", "value = __name__, __file__, __spec__.origin")
    desk.put_on_path(desk.folder / "mine")
    done = desk.steplog_run("-c", RUN_ONE + "import sitecustomize; print(*sitecustomize.value)")
    mine = f"{desk.folder}/mine/sitecustomize.py"
    assert (done.stdout, done.stderr) == (f"sitecustomize {mine} {mine}\n".encode(), b"")
    assert list(desk.runs().values()) == [1]


def test_a_sitecustomize_in_site_packages_runs_too(desk, tmp_path):
    venv.create(tmp_path / "env", symlinks=True)
    site_packages = next((tmp_path / "env").glob("lib/python*/site-packages"))
    (site_packages / "sitecustomize.py").write_text("import sys; sys.from_site_packages = True")
    done = desk.steplog_run(f"{tmp_path}/env/bin/python", "-c", "import sys; print(sys.from_site_packages)")
    assert done.stdout == b"True\n"


@pytest.mark.parametrize(
    "text", ["raise KeyError('theirs')", "import no_such_module_anywhere", "exit(7)", "def"]
)
def test_a_sitecustomize_that_fails_does_so_as_it_would_without_us(desk, text):
    desk.write("mine/sitecustomize.py", text)
    desk.put_on_path(desk.folder / "mine")
    launched = desk.plain(
        sys.executable,
        "-S",  # the launcher itself is not to meet the failing file
        "-c",
        WITHOUT_PYTHONPATH,
        "-c",
        "print('ran')",
    )
    plain = desk.python("-c", "print('ran')")
    assert (launched.returncode, launched.stdout) == (plain.returncode, plain.stdout)
    # a fatal error (exit) comes with a traceback, in which our frame stands too
    assert launched.stderr.splitlines()[-1] == plain.stderr.splitlines()[-1]
    assert text == "exit(7)" or launched.stderr == plain.stderr


def test_steplog_may_be_found_on_a_path_that_the_programs_sitecustomize_adds(desk, tmp_path):
    add = f"import sys; sys.path += {os.environ.get('PYTHONPATH', '').split(os.pathsep)!r} + {sys.path!r}"
    desk.write("mine/sitecustomize.py", add)
    bare = bare_interpreter(tmp_path)
    done = desk.steplog_run(bare, "-c", "print('ran')", PYTHONPATH=f"{desk.folder}/mine")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ran\n", b"")


# Where steplog cannot start


def bare_interpreter(folder):
    venv.create(folder / "bare", symlinks=True)
    return f"{folder}/bare/bin/python"


def run_bare(desk, *args, **env):
    """`steplog run` whose program does not get the PYTHONPATH on which this steplog may have been found."""
    return desk.plain(sys.executable, "-c", WITHOUT_PYTHONPATH, *args, PYTHONPATH="", **env)


def test_an_interpreter_without_steplog_costs_one_line_and_runs_the_program(desk, tmp_path):
    bare = bare_interpreter(tmp_path)
    done = run_bare(desk, bare, "-c", "print('ran'); raise SystemExit(3)")
    assert (done.returncode, done.stdout) == (3, b"ran\n")
    assert done.stderr == f"steplog: nothing is recorded: it is not installed for {bare}\n".encode()


def test_only_the_first_interpreter_without_steplog_says_so(desk, tmp_path):
    bare = bare_interpreter(tmp_path)
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1)'])"
    assert run_bare(desk, bare, "-c", child).stderr.count(b"\n") == 1


def test_a_run_below_a_recorded_program_says_so_again(desk, tmp_path):
    done = run_bare(desk, bare_interpreter(tmp_path), "-c", "1", STEPLOG_REACHED="1")
    assert done.stderr.count(b"\n") == 1


def test_a_tool_without_steplog_below_a_recorded_program_adds_nothing_to_its_output(desk, tmp_path):
    desk.write(
        "agent.py",
        f"import subprocess\nsubprocess.run([{bare_interpreter(tmp_path)!r}, '-c', 'print(1)'], env=ENV)",
    )
    program = "import os; ENV = {**os.environ, 'PYTHONPATH': os.environ['PYTHONPATH'].split(os.pathsep)[0]}\n"
    desk.write("agent.py", program + (desk.folder / "agent.py").read_text())
    done = desk.steplog_run("agent.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"1\n", b"")


def test_a_broken_steplog_costs_one_line_and_runs_the_program(desk):
    desk.write("broken/steplog/__init__.py", "raise RuntimeError('one\\ntwo')")
    desk.put_on_path(desk.folder / "broken")
    done = desk.plain(sys.executable, "-c", WITHOUT_PYTHONPATH, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert done.stderr == b"steplog: nothing is recorded: RuntimeError: one two\n"


def test_a_run_inside_a_run_is_recorded_once_where_the_inner_one_says(desk):
    inner = subprocess.list2cmdline([*desk.STEPLOG_RUN, "--path", "inner", "-c", RUN_ONE])
    desk.write("inner.sh", inner)
    done = desk.steplog_run("sh", "inner.sh")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs(desk.folder / "inner").values()) == [1]
    assert not desk.log.exists()
