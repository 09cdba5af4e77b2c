"""Where lines go: directories of segments, shared files, places that cannot be written."""

import inspect
import json
import os
import stat
import subprocess
import sys

import pytest

import steplog


def write_runs(path, name, runs):
    with steplog.Recorder(path) as recorder:
        for i in range(runs):
            with recorder.run(name) as run, run.tool("t", args={"i": i, "pad": "x" * 200}) as call:
                call.set(result=i)


def records(path):
    return [json.loads(line) for line in path.read_bytes().splitlines() if line]


def test_a_directory_gets_a_private_segment_of_this_process(tmp_path):
    write_runs(tmp_path / "a" / "logs", "r", 2)
    (segment,) = (tmp_path / "a" / "logs").iterdir()
    first, *_, last = records(segment)
    stamp, pid, w = segment.stem.split("-")
    assert (first["ev"], first["w"], first["pid"], last["ev"]) == ("log.open", w, int(pid), "log.close")
    assert stamp[:8] == first["ts"][:10].replace("-", "")
    assert last["lines"] == len(records(segment)) == last["seq"]
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600
    assert stat.S_IMODE(segment.parent.stat().st_mode) == 0o700


def test_nothing_is_made_before_the_first_run(tmp_path):
    with steplog.Recorder(tmp_path / "logs"):
        assert not (tmp_path / "logs").exists()
    assert not (tmp_path / "logs").exists()


def test_recorders_of_one_path_share_a_writer(tmp_path):
    one, two = steplog.Recorder(tmp_path / "logs"), steplog.Recorder(tmp_path / "logs")
    with one.run("a"), two.run("b"):
        pass
    one.close()
    with two.run("c"):
        pass
    two.close()
    (segment,) = (tmp_path / "logs").iterdir()
    assert [r["ev"] for r in records(segment)].count("log.open") == 1
    assert {r["name"] for r in records(segment) if r["ev"] == "run.start"} == {"a", "b", "c"}


def test_four_processes_append_whole_lines_to_one_file(tmp_path):
    path = tmp_path / "all.jsonl"
    program = (
        inspect.getsource(write_runs) + f"\nimport sys, steplog\nwrite_runs({str(path)!r}, sys.argv[1], 50)"
    )
    workers = [subprocess.Popen([sys.executable, "-c", program, f"p{n}"]) for n in range(4)]
    assert [worker.wait() for worker in workers] == [0, 0, 0, 0]
    found = records(path)
    by_writer = {}
    for record in found:
        by_writer.setdefault(record["w"], []).append(record["seq"])
    assert len(by_writer) == 4
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in by_writer.values())
    log = steplog.read(path)
    assert (len(log.runs), log.bad) == (200, ())
    assert {run.status for run in log.runs} == {"ok"}


def test_a_forked_child_writes_a_segment_of_its_own(tmp_path):
    program = f"""
import os, steplog
recorder = steplog.Recorder({str(tmp_path / "logs")!r})
with recorder.run("parent") as run:
    with run.tool("forks"):
        pid = os.fork()
        if pid == 0:
            with recorder.run("child") as inner, inner.tool("t"): pass
            recorder.close()
            os._exit(0)
        os.waitpid(pid, 0)
recorder.close()
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    segments = sorted((tmp_path / "logs").iterdir())
    assert len(segments) == 2
    opens = [records(s)[0] for s in segments]
    child = next(o for o in opens if "parent_w" in o)
    parent = next(o for o in opens if "parent_w" not in o)
    assert child["parent_w"] == parent["w"]
    log = steplog.read(tmp_path / "logs")
    assert sorted((run.name, run.status, len(run.steps)) for run in log.runs) == [
        ("child", "ok", 1),
        ("parent", "ok", 1),
    ]


def unwritable(tmp_path, case):
    if case == "a file stands there":
        (tmp_path / "logs").write_text("")
        return tmp_path / "logs"
    if case == "its parent is a file":
        (tmp_path / "file").write_text("")
        return tmp_path / "file" / "logs"
    (tmp_path / "logs.jsonl").mkdir()
    return tmp_path / "logs.jsonl"


@pytest.mark.parametrize(
    "case",
    ["a file stands there", "its parent is a file", "a directory stands where a file should be"],
)
def test_a_place_that_cannot_be_written_costs_one_warning_and_the_count_at_the_end(tmp_path, capsys, case):
    path = unwritable(tmp_path, case)
    before = sorted(tmp_path.rglob("*"))
    write_runs(path, "r", 5)
    warning, count = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"steplog: cannot write {path}: ")
    assert count.startswith(f"steplog: cannot write {path}: 20 lines are lost (")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission_costs_one_warning(tmp_path, capsys):
    tmp_path.chmod(0o500)
    write_runs(tmp_path / "logs", "r", 1)
    assert "Permission denied" in capsys.readouterr().err
