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
