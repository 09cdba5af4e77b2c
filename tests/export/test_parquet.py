"""The views as Parquet are the views, each run once, whatever becomes of the log and of a delivery."""

import os
import signal
import subprocess
import sys
import time

import pytest

import steplog
from steplog import ask, export
from steplog._ask.tables.views import OF_RUNS, VIEWS

duckdb = pytest.importorskip("duckdb")


def rows(out, view):
    """All of a view's files as one table, in an order of its own, with DuckDB's types."""
    columns = ", ".join(column.name for column in VIEWS[view])
    found = duckdb.sql(
        f"SELECT {columns} FROM read_parquet('{out}/{view}/*/*.parquet', hive_partitioning=false)"
    )
    return sorted(map(repr, found.fetchall())), [str(type_) for type_ in found.types]


def rows_of_log(log, view):
    answer = ask.sql(log, f"SELECT * FROM {view}")
    return sorted(map(repr, answer.rows)), list(answer.types)


@pytest.fixture(scope="module")
def out(folder, tmp_path_factory):
    where = tmp_path_factory.mktemp("parquet") / "views"
    done = export.parquet(steplog.read(folder), where)
    assert done.runs == len(steplog.read(folder).runs)
    return where


@pytest.mark.parametrize("view", OF_RUNS)
def test_each_view_is_equal_to_the_view_over_the_lines(out, log, view):
    assert rows(out, view) == rows_of_log(log, view)


def test_files_lie_by_the_day_the_run_began_and_are_zstd_for_the_user_alone(out, log):
    days = {f"dt={run.started:%Y-%m-%d}" for run in log.runs}
    files = list(out.glob("*/dt=*/*.parquet"))
    assert {file.parent.name for file in files} == days
    assert {file.parents[1].name for file in files} == set(OF_RUNS)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    [(codecs,)] = duckdb.sql(
        f"SELECT list(DISTINCT compression) FROM parquet_metadata('{out}/steps/*/*.parquet')"
    ).fetchall()
    assert codecs == ["ZSTD"]


def test_what_was_delivered_is_not_delivered_twice_and_a_new_run_comes_as_new_files(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        with recorder.run("first"):
            pass
        with recorder.run("second") as waiting:
            assert export.parquet(steplog.read(tmp_path / "log"), tmp_path / "out").waiting
            waiting.set(output="done")
    before = set((tmp_path / "out").rglob("*.parquet"))
    done = export.parquet(steplog.read(tmp_path / "log"), tmp_path / "out")
    assert (done.runs, done.were_there, done.waiting) == (1, 1, ())
    assert before < set((tmp_path / "out").rglob("*.parquet"))
    again = export.parquet(steplog.read(tmp_path / "log"), tmp_path / "out")
    assert (again.runs, again.were_there) == (0, 2)
    names = duckdb.sql(
        f"SELECT name FROM read_parquet('{tmp_path}/out/runs/*/*.parquet') ORDER BY 1"
    ).fetchall()
    assert names == [("first",), ("second",)]


def test_a_log_that_was_moved_and_packed_is_the_same_log(folder, tmp_path):
    import shutil

    from steplog._cli.pack import pack

    shutil.copytree(folder, tmp_path / "log")
    first = export.parquet(steplog.read(tmp_path / "log"), tmp_path / "out")
    (tmp_path / "log").rename(tmp_path / "moved")
    pack.main([str(tmp_path / "moved")], standalone_mode=False)
    assert list((tmp_path / "moved").glob("*.zst"))
    done = export.parquet(steplog.read(tmp_path / "moved"), tmp_path / "out")
    assert (done.runs, done.were_there) == (0, first.runs)


KILLED = """
import sys, steplog
from steplog import export
print("begun", flush=True)
export.parquet(steplog.read(sys.argv[1]), sys.argv[2])
"""


@pytest.mark.parametrize("fraction", [0.3, 0.6, 0.8, 0.95])
def test_a_delivery_that_is_killed_leaves_nothing_that_counts(folder, log, tmp_path, fraction):
    def begin(out):
        process = subprocess.Popen([sys.executable, "-c", KILLED, folder, out], stdout=subprocess.PIPE)
        process.stdout.readline()
        return process, time.monotonic()

    process, begun = begin(tmp_path / "measured")
    process.wait(timeout=60)
    took = time.monotonic() - begun
    process, begun = begin(tmp_path / "out")
    try:
        process.wait(timeout=took * fraction)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    export.parquet(log, tmp_path / "out")
    for view in OF_RUNS:
        assert rows(tmp_path / "out", view) == rows_of_log(log, view)


def test_only_one_delivers_at_a_time(log, tmp_path):
    from steplog._export.parquet import _alone

    with _alone(tmp_path / "out"), pytest.raises(steplog.LogError, match="another steplog delivers"):
        export.parquet(log, tmp_path / "out")


def test_since_narrows_and_the_command_says_what_it_added(command, folder, log, tmp_path):
    import re
    from datetime import timedelta

    last = max(run.started for run in log.runs)
    since = (last - timedelta(microseconds=1)).isoformat()
    done = command("export", "parquet", "views", folder, "--since", since)
    assert done.returncode == 0, done.stderr
    assert re.match(r"views: 1 runs, \d+ steps, ", done.stdout)
    rest = command("export", "parquet", "views", "-p", folder)
    assert f"{len(log.runs) - 1} runs, " in rest.stdout
    assert "1 runs were there already" in rest.stderr


def test_the_command_refuses_single_runs(command, folder):
    done = command("export", "parquet", "views", "@last", "-p", folder)
    assert done.returncode == 2
    assert "export parquet OUT" in done.stderr


def test_a_store_is_no_folder(command, folder):
    done = command("export", "parquet", "s3://bucket/views", "-p", folder)
    assert done.returncode == 2
    assert "s3://bucket/views is a store" in done.stderr


@pytest.mark.parametrize(("name", "most"), [("_MOST_RUNS", 2), ("_MOST_BYTES", 1)])
def test_in_portions_it_is_the_same(folder, log, tmp_path, monkeypatch, name, most):
    from steplog._export import parquet_plan

    monkeypatch.setattr(parquet_plan, name, most)
    export.parquet(log, tmp_path / "out")
    assert len(list((tmp_path / "out" / "_delivered").glob("*.parquet"))) > 1
    for view in OF_RUNS:
        assert rows(tmp_path / "out", view) == rows_of_log(log, view)


def test_runs_that_go_on_in_the_next_segments_are_the_same(tmp_path):
    """Segments are read in the order in which they were written: `….2.jsonl` comes after `….jsonl`, and `….10.jsonl` later."""
    with steplog.Recorder(tmp_path / "log", rotate_bytes=4_000) as recorder, recorder.run("outer") as outer:
        for number in range(30):
            with recorder.run(f"inner {number}") as run, run.tool("t", args={"q": "y" * 700}) as tool:
                tool.set(result="z" * 700)
            outer.custom("mark", {"number": number})
    log = steplog.read(tmp_path / "log")
    assert len(log.segments) > 10
    export.parquet(log, tmp_path / "out")
    for view in OF_RUNS:
        assert rows(tmp_path / "out", view) == rows_of_log(log, view)
