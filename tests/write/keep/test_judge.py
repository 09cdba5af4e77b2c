"""What may be deleted and compressed, and above all what may not: doubt means that it stays."""

import fcntl
import os
import subprocess
import sys

import pytest

import steplog
from sample_segments import DEAD, RUN, dead_segment, line, opened, write_segment, writer_id
from steplog._format.process import Here
from steplog._write.keep.judge import Judge
from steplog._write.keep.segments import segments_in

HERE = Here.now()
needs_proc = pytest.mark.skipif(not HERE.sees_processes, reason="needs /proc")
W = writer_id(0)
POINT = {"run": RUN, "step": 1, "ev": "custom.point", "data": 1}
CLOSE = {"ev": "log.close", "lines": 3}


def why(folder, *, but=None):
    """Why each segment stays, by its part; `but` are those that the listing does not have yet."""
    segments = [segment for segment in segments_in(folder) if segment.part != but]
    judge = Judge(folder, segments)
    found = {}
    for segment in sorted(segments, key=lambda s: s.part):
        with judge.expendable(segment) as found[segment.part]:
            pass
    return found


def stays(folder, *records, tail=b"", **fields):
    """Why the only segment of a writer stays."""
    write_segment(folder, [opened(W, **fields), *records], tail=tail)
    return why(folder)[1]


ELSEWHERE = {"host": "elsewhere", "boot": "another"}
CONTAINER = {"pidns": 1, "locked": None}


def test_what_its_writer_closed_may_go_wherever_that_was(tmp_path):
    assert stays(tmp_path, POINT, CLOSE) == ""
    assert stays(tmp_path, POINT, CLOSE, **ELSEWHERE) == ""
    assert stays(tmp_path, POINT, CLOSE, **CONTAINER) == ""


def test_another_hosts_stays_until_its_writer_closed_it(tmp_path):
    assert stays(tmp_path, POINT, **ELSEWHERE) == "its writer is on another host, elsewhere"


@pytest.mark.parametrize(
    "data",
    [CLOSE, {"a": [{"ev": "log.close"}]}, '{"ev":"log.close"}', '\n{"seq":9,"ts":"","ev":"log.close"}\n'],
)
def test_a_value_that_contains_a_closing_line_closes_nothing(tmp_path, data):
    assert "another host" in stays(tmp_path, {**POINT, "data": data}, **ELSEWHERE)


@pytest.mark.parametrize(
    "tail",
    [
        line({"seq": 4, "ts": "", **CLOSE})[:-1],
        line({"seq": 4, "ts": "", **CLOSE}) + line({"seq": 5, "ts": "", **POINT}),
        line({"seq": 4, "ts": "", **CLOSE}) + b'{"seq":5',
        line({"seq": 4, "ts": "", **CLOSE}) + b"\0" * 4096,
        b'{"seq":3,"ts":"2026' + line({"seq": 4, "ts": "", **CLOSE}),
        b"x" * 70_000 + b'"ev":"log.close"}\n',
    ],
    ids=["torn", "a line after it", "half a line after it", "NULs", "glued to half a line", "end of a long line"],
)  # fmt: skip
def test_only_a_whole_last_line_closes(tmp_path, tail):
    assert "another host" in stays(tmp_path, POINT, tail=tail, **ELSEWHERE)


def test_blank_lines_behind_the_closing_one_mean_nothing(tmp_path):
    assert stays(tmp_path, CLOSE, tail=b"\n\n", **ELSEWHERE) == ""


@needs_proc
def test_a_process_that_is_gone_is_gone_where_its_number_means_something(tmp_path):
    assert stays(tmp_path, POINT, locked=None) == ""
    assert stays(tmp_path, POINT, locked=None, boot="before the reboot", pidns=1) == ""


@needs_proc
def test_a_number_of_another_container_says_nothing(tmp_path):
    assert "another container" in stays(tmp_path, POINT, **CONTAINER)


@needs_proc
def test_a_free_lock_says_that_a_container_is_gone(tmp_path):
    assert stays(tmp_path, POINT, pidns=1, host="a container's name") == ""


@needs_proc
def test_a_free_lock_of_another_kernel_says_nothing(tmp_path):
    assert "another host" in stays(tmp_path, POINT, **ELSEWHERE, locked=True)


@needs_proc
def test_of_version_0_1_may_go_what_no_process_of_the_machine_can_write(tmp_path):
    """Its lines name no namespace: only who sees all processes knows that there is none that began then."""
    old = {"pidns": None, "locked": None}
    expected = "" if HERE.knows_gone(1) else "its writer may be alive in another container"
    assert stays(tmp_path, POINT, **old) == expected
    in_a_container = {**old, "pid": DEAD, "proc_start": opened_by_us()["proc_start"]}
    assert "another container" in stays(tmp_path, POINT, **in_a_container)
    assert "another container" in stays(tmp_path, POINT, **{**old, "proc_start": None})
    assert stays(tmp_path, POINT, CLOSE, **in_a_container) == ""


def opened_by_us():
    from steplog._format.process import process_facts

    return process_facts()


def test_what_does_not_say_who_writes_it_stays(tmp_path):
    write_segment(tmp_path, [POINT, CLOSE])
    assert why(tmp_path) == {1: "it does not say who writes it"}
    write_segment(tmp_path, [], tail=b"\0" * 50 + line({"seq": 2, "ts": "", **CLOSE}))
    assert why(tmp_path) == {1: "it does not say who writes it"}
    write_segment(tmp_path, [])
    assert why(tmp_path) == {1: "it does not say who writes it"}


def test_a_writer_that_has_not_written_yet_is_not_refused_its_lock(tmp_path):
    """Whoever judged a segment while its writer was about to lock it would leave it without a lock for ever."""
    path = write_segment(tmp_path, [])
    (segment,) = segments_in(tmp_path)
    with path.open("rb") as file, Judge(tmp_path, [segment]).expendable(segment):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_lock_that_is_held_counts_before_all_else(tmp_path):
    path = write_segment(tmp_path, [opened(W, boot="before the reboot"), CLOSE])
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert why(tmp_path) == {1: f"its writer is alive, process {DEAD}"}
    assert why(tmp_path) == {1: ""}


def test_nobody_else_can_take_a_segment_while_it_is_judged(tmp_path):
    path = dead_segment(tmp_path)
    (segment,) = segments_in(tmp_path)
    with Judge(tmp_path, [segment]).closed(segment) as first, path.open("rb") as file:
        assert first == ""
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_the_writer_of_this_process_lives_until_it_is_closed(tmp_path):
    recorder = steplog.Recorder(tmp_path / "log")
    with recorder.run("r"):
        assert why(tmp_path / "log") == {1: f"its writer is alive, process {os.getpid()}"}
    recorder.close()
    assert why(tmp_path / "log") == {1: ""}


def test_a_segment_whose_descriptor_the_host_closed_stays_while_its_process_lives(tmp_path):
    """A program that becomes a daemon closes all descriptors, and with them the lock; its runs go on."""
    recorder = steplog.Recorder(tmp_path / "log")
    with recorder.run("r"):
        os.close(recorder._steps.lines.appender._writer.sink._fd)
        assert why(tmp_path / "log") == {1: f"its writer is alive, process {os.getpid()}"}
    recorder.close()


def rotated(folder, *, lines=40, **settings):
    """A recorder that has left some segments, with a run open that began in the first."""
    recorder = steplog.Recorder(folder, rotate_bytes=2000, **settings)
    run = recorder.run("open")
    run.__enter__()
    for n in range(lines):
        with recorder.run("short") as short:
            short.custom("line", n)
    return recorder, run


def test_of_a_living_writer_what_an_open_run_began_in_stays_and_the_rest_may_go(tmp_path):
    recorder, run = rotated(tmp_path / "log")
    found = why(tmp_path / "log")
    last = max(found)
    assert last > 3
    assert found.pop(last) == f"its writer is alive, process {os.getpid()}"
    assert found.pop(1) == "a run that is still open began in it"
    # The last run may straddle the last two segments: then it has ended in the last.
    assert set(found.values()) == {""}
    run.__exit__(None, None, None)
    assert why(tmp_path / "log")[1] == ""
    recorder.close()


def test_a_segment_begun_after_the_listing_is_seen(tmp_path):
    """Else the one before it, which its writer has let go, would be taken for the last of a writer that is gone."""
    recorder, run = rotated(tmp_path / "log")
    found = why(tmp_path / "log", but=max(why(tmp_path / "log")))
    assert found[1] == "a run that is still open began in it"
    recorder.close()
    run.__exit__(None, None, None)


def test_a_file_that_somebody_put_behind_the_last_segment_does_not_close_it(tmp_path):
    living = {"pid": os.getpid(), "proc_start": opened_by_us()["proc_start"], "locked": None}
    write_segment(tmp_path, [opened(W, **living), POINT])
    write_segment(tmp_path, [], part=2)
    assert why(tmp_path)[1] == f"its writer is alive, process {os.getpid()}"
    write_segment(tmp_path, [opened("somebody"), POINT], part=2)
    assert why(tmp_path)[1] == f"its writer is alive, process {os.getpid()}"


FORKING = """
import os, sys, time, steplog
recorder = steplog.Recorder(sys.argv[1])
run = recorder.run("r")
run.__enter__()
if os.fork() == 0:
    os.write(1, b"begun\\n")
    sys.stdin.read()
    os._exit(0)
os.write(1, b"begun\\n")
time.sleep(60)
"""


def test_a_forked_child_does_not_hold_the_lock_of_its_parent(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", FORKING, str(tmp_path / "log")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        try:
            assert parent.stdout.readline() + parent.stdout.readline() == b"begun\nbegun\n"
            assert "is alive" in why(tmp_path / "log")[1]
        finally:
            parent.kill()
        parent.wait(10)
        assert why(tmp_path / "log") == {1: ""}
