"""Running, crashed, or not to be told: real processes, dead and alive."""

import os
import socket
import subprocess
import sys

import pytest

from sample_log import begun, weather
from steplog._format.process import boot_id, process_start
from steplog._read import read

pytestmark = pytest.mark.skipif(process_start(os.getpid()) is None, reason="needs /proc")


def here(pid, start):
    return {"host": socket.gethostname(), "boot": boot_id(), "pid": pid, "proc_start": start}


def status(tmp_path, lines):
    run = read(lines.write_in(tmp_path)).runs[0]
    assert run.status == "interrupted" or {step.status for step in run.in_flight} <= {run.status}
    return run.status


def test_a_run_is_running_while_its_process_lives(tmp_path):
    mine = here(os.getpid(), process_start(os.getpid()))
    assert status(tmp_path, begun(**mine)) == "running"


def test_a_run_is_crashed_when_its_process_is_gone(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    facts = here(child.pid, process_start(child.pid))
    assert status(tmp_path, begun(**facts)) == "running"
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert status(tmp_path, begun(**facts)) == "crashed", "a zombie is dead"
    child.communicate()
    assert status(tmp_path, begun(**facts)) == "crashed"


def test_a_pid_that_another_process_has_now_does_not_count(tmp_path):
    assert status(tmp_path, begun(**here(os.getpid(), 1))) == "crashed"


def test_a_reboot_ended_every_process(tmp_path):
    mine = here(os.getpid(), process_start(os.getpid()))
    assert status(tmp_path, begun(**{**mine, "boot": "another"})) == "crashed"


def test_another_machines_run_is_unfinished(tmp_path):
    assert status(tmp_path, begun()) == "unfinished"


def test_a_log_closed_with_the_run_open_is_a_crash_until_its_writer_goes_on(tmp_path):
    mine = here(os.getpid(), process_start(os.getpid()))
    assert status(tmp_path, begun(**mine).add("log.close", lines=7)) == "crashed"
    assert (
        status(tmp_path, begun(**mine).add("log.close", lines=7).add("tool.end", step=3, ms=1)) == "running"
    )


def test_a_run_with_an_end_is_what_the_end_says(tmp_path):
    mine = here(os.getpid(), process_start(os.getpid()))
    assert status(tmp_path, weather(**mine)) == "ok"
    assert status(tmp_path, begun(**mine).add("run.end", ms=1, status="interrupted")) == "interrupted"


def test_a_step_whose_end_is_lost_in_an_ended_run_is_unfinished(tmp_path):
    run = read(begun().add("run.end", ms=1).write_in(tmp_path)).runs[0]
    assert {step.status for step in run.in_flight} == {"unfinished"}
