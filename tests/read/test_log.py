"""A log as a whole: which files, which run, what is missing."""

import os

import pytest

from sample_log import OTHER_RUN, RUN, SEGMENT, UUID, Lines, begun, weather
from steplog._read import Ambiguous, Gap, NotALog, NotFound, read


def two_runs(tmp_path):
    lines = weather()
    lines.run = OTHER_RUN
    lines.add("run.start", id="x", name="second").add("run.end", ms=1)
    lines.run = "8f3b000000000000"
    lines.add("run.start", id="y", name="third").add("run.end", ms=1)
    return read(lines.write_in(tmp_path / "logs"))


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        ("8f3a", "forecast"),
        (RUN, "forecast"),
        (RUN.upper(), "forecast"),
        (UUID, "forecast"),
        (UUID[:10], "forecast"),
        ("9e", "second"),
        ("@last", "third"),
        ("@-1", "third"),
        ("@-3", "forecast"),
        (0, "forecast"),
        (-1, "third"),
    ],
)
def test_a_run_is_found_by_prefix_place_and_index(tmp_path, selector, name):
    assert two_runs(tmp_path).run(selector).name == name


def test_an_ambiguous_prefix_lists_what_it_fits(tmp_path):
    with pytest.raises(
        Ambiguous, match=rf"'8f' fits 2 runs in .*: {RUN}, 8f3b000000000000; give more digits"
    ):
        two_runs(tmp_path).run("8f")


@pytest.mark.parametrize("selector", ["77", "@-9", 5, "", "@", "\x1b"])
def test_a_run_that_is_not_there_is_a_clear_error(tmp_path, selector):
    with pytest.raises(NotFound, match="it has 3, and `steplog ls` lists them"):
        two_runs(tmp_path).run(selector)


def test_the_path_comes_from_the_environment_else_is_steplogs(tmp_path, monkeypatch):
    weather().write_in(tmp_path / "steplogs")
    begun().write_in(tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STEPLOG_PATH", raising=False)
    assert read().runs[0].status == "ok"
    monkeypatch.setenv("STEPLOG_PATH", "other")
    assert read().runs[0].status == "unfinished"


def test_other_files_in_a_directory_are_left_alone(tmp_path):
    weather().write_in(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "dataset.jsonl").write_text('{"question": 1}\n')
    (tmp_path / "folder.jsonl").mkdir()
    weather().write(tmp_path / "copy.jsonl")
    log = read(tmp_path)
    assert [file.name for file in log.segments] == [SEGMENT, "copy.jsonl"]
    assert len(log.runs) == 1
    assert {bad.reason.split(" of ")[0] for bad in log.bad} == {f"repeats line {n}" for n in range(1, 13)}


def test_an_empty_directory_and_an_empty_file_are_logs_without_runs(tmp_path):
    assert read(tmp_path).runs == ()
    (tmp_path / "a.jsonl").touch()
    assert read(tmp_path / "a.jsonl").runs == ()


@pytest.mark.parametrize("content", [b"hello\n", b"{}\n", b'{"a":', bytes(range(256)) * 100, b"\x7fELF\0\0"])
def test_a_file_that_is_no_log_is_said_to_be_none(tmp_path, content):
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    with pytest.raises(NotALog, match=r"a\.txt is no log: none of its lines is a steplog line"):
        read(file)


def test_a_directory_of_other_things_and_a_missing_path_are_no_logs(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(NotALog, match="none of the 1 entries in it is a steplog segment"):
        read(tmp_path)
    for missing in (tmp_path / "nope", tmp_path / "notes.txt" / "x", "a\0b"):
        with pytest.raises(NotALog, match="there is no log at"):
            read(missing)


def test_a_torn_first_line_is_a_log_without_runs(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(begun().bytes()[:50])
    log = read(file)
    assert (log.runs, [bad.torn for bad in log.bad]) == ((), [True])


def test_missing_lines_are_gaps_and_lost_ones_are_listed(tmp_path):
    lines = (
        weather()
        .add("log.lost", count=3, reason="ENOSPC")
        .add("log.error", where="redact", error={"type": "E"})
    )
    del lines.records[5:7]
    del lines.records[8]
    log = read(lines.write_in(tmp_path))
    assert log.gaps == (Gap("k3x9q2ab", 6, 7), Gap("k3x9q2ab", 11, 11))
    assert [record["count"] for record in log.lost] == [3]
    assert len(log.faults) == 1


def test_a_later_format_is_read_as_far_as_possible_and_said(tmp_path):
    log = read(weather(v=2).write_in(tmp_path))
    assert len(log.runs[0].steps) == 4
    assert "is of format version 2; this steplog knows version 1" in log.notices[0]


def test_lines_out_of_order_are_no_gap(tmp_path):
    lines = Lines().opened().add("run.start", id="x")
    for _ in range(50):
        lines.add("tool.start", step=1)
    lines.records[2:] = lines.records[:1:-1]
    log = read(lines.write_in(tmp_path))
    assert (log.gaps, log.bad) == ((), ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_segment_without_permission_is_named_and_the_others_are_read(tmp_path):
    weather().write_in(tmp_path)
    (tmp_path / SEGMENT.replace("4711", "4712")).touch(mode=0)
    log = read(tmp_path)
    assert len(log.runs) == 1
    assert "Permission denied" in log.bad[0].reason


def test_a_log_is_used_as_what_it_holds(tmp_path):
    log = two_runs(tmp_path)
    assert (len(log), len(log.runs), bool(log.runs)) == (3, 3, True)
    assert [run.name for run in log] == ["forecast", "second", "third"]
    assert log["@last"] is log[-1] is log.runs[2] is log["8f3b"]
    assert [run.name for run in log[-2:]] == ["second", "third"]
    assert repr(log) == f"<Log {tmp_path / 'logs'}: 1 files>"
    assert repr(log[0]) == f"<Run {RUN} forecast ok>"
    assert repr(log[0].step(3)) == "<Step 3 tool weather ok>"
    assert "\n" not in repr(log) + repr(log.runs)
    with pytest.raises(LookupError):
        log["77"]
    with pytest.raises(LookupError):
        log[9]


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (slice(None), "abcdefghij"), (slice(-3, None), "hij"), (slice(-3, -1), "hi"), (slice(-30, None), "abcdefghij"),
        (slice(-6, -1, 2), "egi"), (slice(2, 4), "cd"), (slice(None, None, -1), "jihgfedcba"), (slice(-3, 9), "hi"),
        (slice(None, -8), "ab"), (slice(-2, -4), ""),
    ],
)  # fmt: skip
def test_runs_are_sliced_as_a_tuple_is(tmp_path, index, names):
    lines = Lines().opened()
    for name in "abcdefghij":
        lines.run = f"{ord(name):016x}"
        lines.add("run.start", id="x", name=name)
    log = read(lines.write(tmp_path / "a.jsonl"))
    assert "".join(run.name for run in log.runs[index]) == names == "".join("abcdefghij"[index])
    assert [run.name for run in reversed(log.runs)] == list("jihgfedcba")
    assert log.runs == tuple(log.runs)


def spread(tmp_path):
    lines = Lines().opened()
    for number in range(10):
        lines.run = f"{number:016x}"
        lines.add("run.start", id="x", name="even" if number % 2 == 0 else "odd", thread=f"t{number % 3}")
        lines.add("llm.start", step=1, model="m", prompt="1")
        usage = {"input_tokens": number + 1}
        lines.add("llm.end", step=1, ms=2, usage=usage, message={"m": 2, "role": "assistant"})
        lines.add("tool.start", step=2, parent=1, name="t", args={"n": number}, call_id="c")
        error = {"type": "E", "message": "no"}
        lines.add("tool.end", step=2, ms=1, status="error", error=error)
        lines.add("run.end", ms=5, **({"status": "error"} if number % 5 == 0 else {}))
    return read(lines.write_in(tmp_path / "logs"))


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, range(10)),
        ({"newest_first": True, "limit": 3}, [9, 8, 7]),
        ({"limit": 0}, []),
        ({"status": "error"}, [0, 5]),
        ({"status": ["error", "ok"], "name": "even"}, [0, 2, 4, 6, 8]),
        ({"thread": {"t1", "t2"}, "limit": 2}, [1, 2]),
        ({"name": "odd", "newest_first": True, "limit": 2}, [9, 7]),
    ],
)
def test_runs_are_gone_through_by_what_is_asked_of_them(tmp_path, asked, numbers):
    log = spread(tmp_path)
    assert [int(run.id, 16) for run in log.iter_runs(**asked)] == list(numbers)


def test_runs_are_gone_through_by_the_time_of_their_start(tmp_path):
    log = spread(tmp_path)
    third, sixth = log.runs[3].started, log.runs[6].started
    for newest_first in (False, True):
        found = [
            int(run.id, 16) for run in log.iter_runs(since=third, until=sixth, newest_first=newest_first)
        ]
        assert sorted(found) == [3, 4, 5]


def test_steps_are_flat_rows(tmp_path):
    log = spread(tmp_path)
    rows = list(log.iter_steps())
    assert len(rows) == 20
    assert rows[1] == {
        "run": "0" * 16, "step": 2, "parent": 1, "kind": "tool", "name": "t", "node": None, "status": "error",
        "started": rows[1]["started"], "ms": 1, "ttft_ms": None, "model": None, "provider": None, "input_tokens": None,
        "output_tokens": None, "cache_read_tokens": None, "cache_write_tokens": None, "reasoning_tokens": None,
        "total_tokens": None, "cached": False, "finish_reason": None, "error_type": "E", "error_message": "no",
        "attempt": 1, "call_id": "c",
    }  # fmt: skip
    few = list(log.iter_steps(kinds=["llm"], columns=["run", "input_tokens"], status="error"))
    assert few == [{"run": "0" * 16, "input_tokens": 1}, {"run": f"{5:016x}", "input_tokens": 6}]
    with pytest.raises(ValueError, match="there is no column 'tokens': there are run, step, parent"):
        log.iter_steps(columns=["tokens"]).__next__()


def test_an_open_step_and_a_point_have_rows_too(tmp_path):
    log = read(begun().add("custom.point", step=4, name="note").write(tmp_path / "a.jsonl"))
    assert [(row["step"], row["status"]) for row in log.iter_steps()] == [
        (1, "open"), (2, "ok"), (3, "open"), (4, "ok"),
    ]  # fmt: skip


def test_several_directories_are_one_log_in_which_each_line_counts_once(tmp_path):
    rows = weather().bytes().splitlines(keepends=True)
    for name, some in (("one", rows[:7]), ("two", rows), ("three", rows[3:9])):
        (tmp_path / name).mkdir()
        (tmp_path / name / SEGMENT).write_bytes(b"".join(some))
    other = Lines("bbbbbbbb", run=OTHER_RUN, second=10).opened().add("run.start", id="x", name="other")
    other.write(tmp_path / "three" / "20261123T031210000000Z-1-bbbbbbbb.jsonl")
    log = read(tmp_path / "one", tmp_path / "two", tmp_path / "three")
    assert [run.name for run in log.runs] == ["other", "forecast"]
    assert (log.bad, log.gaps, log.noticed.bad) == ((), (), ())
    assert [step.number for step in log.runs[1].steps] == [1, 2, 3, 4]
    assert [record["seq"] for record in log.runs[1].records()] == list(range(2, 12))
    assert log.paths == (tmp_path / "one", tmp_path / "two", tmp_path / "three")


def test_standard_input_is_a_log_and_its_copy_goes_with_it(tmp_path, monkeypatch):
    import io
    import sys
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(weather().bytes())))
    log = read("-")
    run = log.runs[0]
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o77 == 0
    del log
    assert len(run.steps) == 4
    del run
    import gc

    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_deleted_meanwhile_is_said_to_be_and_left_out_of_rows(tmp_path):
    log = spread(tmp_path)
    run = log.runs[0]
    run.file.unlink()
    with pytest.raises(NotFound, match="was deleted since the log was read"):
        _ = run.steps
    assert list(log.iter_steps()) == []


def test_a_run_that_was_packed_meanwhile_is_read_all_the_same(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    log = spread(tmp_path)
    runs = list(log.runs)
    file = runs[0].file
    file.with_name(file.name + ".zst").write_bytes(zstd.compress(file.read_bytes()))
    file.unlink()
    assert [len(run.steps) for run in runs] == [2] * 10


def test_damage_inside_a_line_is_seen_when_it_is_asked_for_and_then_told_of_the_totals(tmp_path):
    lines = weather()
    data = lines.bytes().replace(b', "', b',"').replace(b'": ', b'":')
    (tmp_path / SEGMENT).write_bytes(
        data.replace(b'"usage":{"input_tokens":150', b'"usage":{"input_tokens:150')
    )
    log = read(tmp_path)
    run = log.runs[0]
    assert (run.totals["input_tokens"], log.noticed.bad) == (250, ())
    assert [bad.number for bad in log.bad] == [10]
    assert log.gaps == (Gap("k3x9q2ab", 10, 10),)
    assert run.totals["input_tokens"] == 250
    assert run.totals_note == (
        "run.end says 250 input_tokens, its steps 100; 32 output_tokens, its steps 20: 1 of its lines are damaged"
    )
    assert [bad.offset for bad in run.bad] == [log.bad[0].offset]
