"""`steplog run`: what a program is, what it is given, and that it is otherwise as it would be without us."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RUN_ONE = "from langchain_core.runnables import RunnableLambda\nRunnableLambda(lambda n: n + 1).invoke(1)\n"
SHOW = "import os, sys\nprint(sys.argv[1:])\n"


# What a program is


def test_a_python_file_is_run_with_its_arguments_untouched(desk):
    desk.write("agent.py", RUN_ONE + SHOW)
    done = desk.steplog_run("agent.py", "--path", "x", "--", "-c", "--help", "", "*")
    assert done.stdout == b"['--path', 'x', '--', '-c', '--help', '', '*']\n"
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs().values()) == [1]


def test_a_module_is_run_with_dash_m(desk):
    desk.write("my_agent/__main__.py", RUN_ONE + SHOW)
    done = desk.steplog_run("-m", "my_agent", "-v")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"['-v']\n", b"")
    assert list(desk.runs().values()) == [1]


def test_code_is_run_with_dash_c(desk):
    done = desk.steplog_run("-c", RUN_ONE + SHOW, "--path", "x")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"['--path', 'x']\n", b"")
    assert list(desk.runs().values()) == [1]


def test_code_may_begin_with_a_dash(desk):
    assert desk.steplog_run("-c", "--1; print('ran')").stdout == b"ran\n"


def test_a_script_on_stdin_is_run_with_a_dash(desk):
    done = desk.steplog_run("-", "-x", stdin=(RUN_ONE + SHOW).encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"['-x']\n", b"")
    assert list(desk.runs().values()) == [1]


def test_other_options_of_python_are_passed_to_it(desk):
    desk.write("agent.py", "import sys; print(sys.flags.optimize, sys.flags.dev_mode, sys.argv)")
    assert desk.steplog_run("-O", "-X", "dev", "agent.py", "-I").stdout == b"1 True ['agent.py', '-I']\n"


def test_a_console_script_is_found_on_the_path(desk):
    desk.write("test_agent.py", f"def test_agent():\n    {RUN_ONE.replace(chr(10), chr(10) + '    ')}pass\n")
    done = desk.steplog_run("pytest", "-q", "-p", "no:cacheprovider", "test_agent.py")
    assert done.returncode == 0
    assert b"1 passed" in done.stdout
    assert list(desk.runs().values()) == [1]


def test_a_command_behind_two_dashes_is_found_on_the_path(desk):
    desk.write("agent.py", RUN_ONE + SHOW)
    done = desk.steplog_run("--", "python", "-u", "agent.py", "--", "-E")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"['--', '-E']\n", b"")
    assert list(desk.runs().values()) == [1]


def test_an_executable_file_decides_itself_what_runs_it(desk):
    desk.write("agent", '#!/bin/sh\necho "$0" "$@"').chmod(0o755)
    assert desk.steplog_run("./agent", "a b").stdout == b"./agent a b\n"


def test_a_python_program_that_is_not_executable_is_run(desk):
    desk.write("agent", "#!/usr/bin/env python\nprint('ran')")
    desk.write("folder/__main__.py", "print('ran')")
    assert desk.steplog_run("agent").stdout == b"ran\n"
    assert desk.steplog_run("folder").stdout == b"ran\n"


def test_an_executable_script_without_a_first_line_for_the_kernel_is_given_to_sh(desk):
    desk.write("agent", 'echo ran "$1"\n').chmod(0o755)
    done = desk.steplog_run("./agent", "x")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ran x\n", b"")


def test_an_argument_that_is_not_utf8_arrives_as_it_is(desk):
    assert desk.steplog_run("printf", "%s", b"\xff\xfe").stdout == b"\xff\xfe"


# What cannot be run


def test_no_program_is_wrong_usage(desk):
    done = desk.steplog_run()
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: steplog run [OPTIONS] [--] PROGRAM [ARGS]...\n")


def test_a_misspelt_option_is_not_taken_for_a_program(desk):
    done = desk.steplog_run("--contents", "none", "agent.py")
    assert done.returncode == 2
    assert b"No such option" in done.stderr


def test_a_command_that_is_not_there_ends_as_in_a_shell(desk):
    done = desk.steplog_run("no-such-command")
    assert (done.returncode, done.stdout) == (127, b"")
    assert done.stderr == b"steplog run: no-such-command: command not found\n"
    done = desk.steplog_run("nosuch.py")
    assert (done.returncode, done.stderr) == (127, b"steplog run: nosuch.py: there is no such file\n")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("./tool.sh", b"is not executable, and not a Python program"),
        ("tool.sh", b"is not executable, and not a Python program"),
        ("folder", b"is a directory without a __main__.py"),
        ("on_path", b"is not executable"),
        ("./broken", b"No such file or directory"),
    ],
)
def test_what_cannot_be_executed_ends_as_in_a_shell(desk, name, reason):
    desk.write("tool.sh", "#!/bin/sh\necho ran")
    desk.write("broken", "#!/no/such/interpreter\n").chmod(0o755)
    desk.write("folder/on_path", "x")
    desk.env["PATH"] += f"{os.pathsep}{desk.folder}/folder"
    done = desk.steplog_run(name)
    assert (done.returncode, done.stdout) == (126, b"")
    assert done.stderr == b"steplog run: " + name.encode() + b": " + reason + b"\n"


@pytest.mark.parametrize(
    ("options", "letter"),
    [
        (["-I"], "I"),
        (["-E"], "E"),
        (["-S"], "S"),
        (["-IB"], "I"),
        (["-uE"], "E"),
        (["-W", "error", "-sI"], "I"),
        (["-Xdev", "--check-hash-based-pycs", "never", "-S"], "S"),
    ],
)
def test_an_interpreter_that_would_not_hear_us_is_refused_with_the_way_out(desk, options, letter):
    for command in (["--", "python"], []):
        done = desk.steplog_run(*command, *options, "-c", "print('ran')")
        assert (done.returncode, done.stdout) == (2, b"")
        assert f": -{letter} ignores ".encode() in done.stderr
        assert b": drop it, or " in done.stderr
        assert done.stderr.count(b"\n") == 1


def test_a_script_whose_first_line_would_not_hear_us_is_refused_too(desk):
    desk.write("agent", f"#!{sys.executable} -sE\nprint('ran')").chmod(0o755)
    desk.write("other", "#!/usr/bin/env -S X=1 python -I\nprint('ran')").chmod(0o755)
    assert [desk.steplog_run(name).returncode for name in ("./agent", "./other")] == [2, 2]


@pytest.mark.parametrize(
    "options",
    [["-s"], ["-P"], ["-BuOO"], ["-W", "ignore"], ["-XI"], ["-c", "1", "-I"], ["-c", "-1", "-I"], ["-cI=1"]],
)
def test_what_only_looks_like_it_is_not_refused(desk, options):
    program = [] if any(option.startswith("-c") for option in options) else ["-c", "print('ran')"]
    assert desk.steplog_run("--", "python", *options, *program).returncode == 0


# What the program is given


ENV = "import json, os, sys; json.dump({k: v for k, v in os.environ.items() if k.startswith('STEPLOG')}, sys.stdout)"


def test_options_go_before_the_environment_and_the_path_is_made_absolute(desk):
    options = ("--path", "logs", "--content=none", "--detail", "all")
    done = desk.steplog_run(
        *options, "-c", ENV, STEPLOG_PATH="/x", STEPLOG_CONTENT="full", STEPLOG_REDACT="0"
    )
    env = json.loads(done.stdout)
    assert env.pop("STEPLOG_REACHED") == "1"
    assert env == {
        "STEPLOG": "1",
        "STEPLOG_PATH": f"{desk.folder}/logs",
        "STEPLOG_CONTENT": "none",
        "STEPLOG_DETAIL": "all",
        "STEPLOG_REDACT": "0",
    }


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "steplogs"),
        ({"STEPLOG": "off"}, "steplogs"),
        ({"STEPLOG": "from_switch"}, "from_switch"),
        ({"STEPLOG": "from_switch", "STEPLOG_PATH": "from_path"}, "from_path"),
        ({"STEPLOG_PATH": ""}, "steplogs"),
    ],
)
def test_without_the_option_the_path_is_that_of_the_environment(desk, given, path):
    env = json.loads(desk.steplog_run("-c", ENV, **given).stdout)
    assert (env["STEPLOG"], env["STEPLOG_PATH"]) == ("1", f"{desk.folder}/{path}")


def test_the_log_is_where_the_command_was_given_even_if_the_program_changes_its_directory(desk):
    desk.write("elsewhere/keep", "")
    assert (
        desk.steplog_run("--path", "logs", "-c", "import os; os.chdir('elsewhere')\n" + RUN_ONE).returncode
        == 0
    )
    assert list(desk.runs(desk.folder / "logs").values()) == [1]


def test_a_bad_value_of_an_option_is_wrong_usage(desk):
    assert desk.steplog_run("--content", "some", "-c", "print('ran')").returncode == 2


# What the program must not notice


def test_standard_output_and_error_are_the_same_bytes_with_and_without(desk):
    program = RUN_ONE + (
        "import os, sys\n"
        "print('\\u00e9', flush=True); os.write(1, bytes(range(256))); print('err', file=sys.stderr)\n"
        "raise SystemExit(0)"
    )
    desk.write("agent.py", program)
    plain, recorded = desk.python("agent.py"), desk.steplog_run("agent.py")
    assert (recorded.stdout, recorded.stderr, recorded.returncode) == (
        plain.stdout,
        plain.stderr,
        plain.returncode,
    )
    assert list(desk.runs().values()) == [1]


def test_standard_input_is_the_programs(desk):
    data = bytes(range(256)) * 5000
    done = desk.steplog_run("-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())", stdin=data)
    assert done.stdout == data


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_is_the_programs(desk, code):
    assert desk.steplog_run("-c", RUN_ONE + f"raise SystemExit({code})").returncode == code


def test_a_traceback_is_the_same_with_and_without(desk):
    desk.write("agent.py", "import json\njson.loads('{')")
    plain, recorded = desk.python("agent.py"), desk.steplog_run("agent.py")
    assert recorded.stderr == plain.stderr
    assert recorded.returncode == plain.returncode == 1


def test_a_signal_meets_the_program_itself(steplog_run_process):
    process = steplog_run_process("-c", "import time; print('up', flush=True); time.sleep(60)")
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM


def test_a_shell_sees_143_of_a_terminated_program(desk):
    words = " ".join(f'"{word}"' for word in desk.STEPLOG_RUN)
    done = desk.plain("sh", "-c", f"{words} sh -c 'kill -TERM $$'; echo $?")
    assert done.stdout == b"143\n"


def test_ctrl_c_is_the_programs_to_handle(steplog_run_process):
    program = """
import time
try:
    print("up", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("mine")
"""
    process = steplog_run_process("-c", program)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate() == (b"mine\n", b"")
    assert process.returncode == 0


def test_the_program_has_the_process_id_that_was_started(steplog_run_process):
    process = steplog_run_process("-c", "import os; print(os.getpid())")
    assert int(process.communicate()[0]) == process.pid


def test_signals_that_python_ignores_for_itself_are_not_ignored_in_the_program(desk):
    ignored = ["sh", "-c", "grep SigIgn /proc/self/status"]
    if not Path("/proc/self/status").exists():
        pytest.skip("the kernel tells only through /proc")
    assert desk.steplog_run(*ignored).stdout == desk.plain(*ignored).stdout


def test_a_terminal_is_a_terminal_to_the_program(desk):
    ours, theirs = pty.openpty()
    program = (
        "import os, sys; print(*(s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)), os.ttyname(0))"
    )
    subprocess.run(
        [*desk.STEPLOG_RUN, "--quiet", "-c", program],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=desk.env,
        cwd=desk.folder,
        check=True,
    )
    name = os.ttyname(theirs)
    os.close(theirs)
    assert os.read(ours, 1000) == f"True True True {name}\r\n".encode()
    os.close(ours)


def test_a_program_without_a_framework_imports_none_and_leaves_no_log(desk):
    done = desk.steplog_run("-c", "import sys; print(*sys.modules)")
    modules = done.stdout.decode().split()
    assert not {"langchain_core", "langchain_steplog", "llama_index", "orjson", "click"} & set(modules)
    assert not desk.log.exists()


@pytest.fixture
def steplog_run_process(desk):
    started: list[subprocess.Popen[bytes]] = []

    def start(*args: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*desk.STEPLOG_RUN, *args],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=desk.env,
            cwd=desk.folder,
            # tests that run in the background of a shell are started with SIGINT ignored, and would pass that on
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 -- no threads here
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
