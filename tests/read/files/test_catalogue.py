"""Runs found from the ends of files, part by part: the same ones, in the same order, as reading every line finds."""

import sys
from pathlib import Path

import orjson
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import canonical

import steplog
from steplog._format.segment_name import writer_in_name
from steplog._read.files import log_file, pieces
from steplog._read.files.lines import Line, read_lines
from steplog._read.files.segments import segments
from steplog._read.runs.totals import completed, totals_of

ROUNDS = range(60)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Files of a test are small; so are the parts in which they are read, for their seams to be met."""
    monkeypatch.setattr(log_file, "PART_BYTES", 3000)
    monkeypatch.setattr(pieces, "AT_ONCE", 900)


def lines_of(path):
    """Every good line once, with its writer, in the order of the log: the plainest way to read it."""
    seen = set()
    for file in segments(path):
        owner = writer_in_name(file)
        for line in read_lines(file):
            if not isinstance(line, Line):
                continue
            record = line.record
            writer = record.get("w") or owner
            owner = writer if record["ev"] == "log.open" else owner
            key = (writer, record.get("seq"))
            if all(key) and key in seen:
                continue
            seen.add(key)
            yield writer, record


def runs_of(path):
    """The lines of each run: those behind its start, and, where files were sorted anew, those its writer wrote behind it."""
    current, begun, lost = {}, [], {}
    for writer, record in lines_of(path):
        if record["ev"].startswith("log."):
            continue
        if record["ev"] == "run.start":
            current[record["run"]] = [(writer, record)]
            begun.append(current[record["run"]])
        elif record["run"] in current:
            current[record["run"]].append((writer, record))
        else:
            lost.setdefault((record["run"], writer), []).append((writer, record))
    for (run, writer), lines in lost.items():
        before = [
            one
            for one in begun
            if (one[0][1]["run"], one[0][0]) == (run, writer) and one[0][1]["seq"] < lines[0][1]["seq"]
        ]
        if before:
            max(before, key=lambda one: one[0][1]["seq"]).extend(lines)
        else:
            begun.append(lines)
    return sorted(sorted(orjson.dumps(record) for _, record in lines) for lines in begun)


@pytest.mark.parametrize("seed", ROUNDS)
def test_every_line_of_every_run_is_found_whatever_is_damaged(tmp_path, seed):
    path = canonical.write(tmp_path / "log", seed)
    canonical.damage(tmp_path / "log", seed)
    log = steplog.read(path)
    found = [sorted(orjson.dumps(record) for record in run.records()) for run in log.runs]
    assert sorted(found) == runs_of(path)
    assert len(log.runs) == len(found)


@pytest.mark.parametrize("seed", ROUNDS)
def test_the_newest_runs_come_in_the_order_of_all_runs_backwards(tmp_path, seed):
    path = canonical.write(tmp_path / "log", seed)
    every = [(run.id, run.started, run.files) for run in steplog.read(path).runs]
    newest = [(run.id, run.started, run.files) for run in steplog.read(path).iter_runs(newest_first=True)]
    assert newest == every[::-1]
    log = steplog.read(path)
    assert [(run.id, run.started, run.files) for run in log.runs[-3:]] == every[-3:]
    assert [run.id for run in log.runs[-4:-1:2]] == [run[0] for run in every[-4:-1:2]]


@pytest.mark.parametrize("seed", ROUNDS)
def test_totals_are_the_sums_of_the_steps_without_a_line_of_them_being_read(tmp_path, seed):
    path = canonical.write(tmp_path / "log", seed)
    canonical.damage(tmp_path / "log", seed)
    log = steplog.read(path)
    told = [dict(run.totals) for run in log.runs]
    for run, totals in zip(steplog.read(path).runs, told, strict=True):
        tree = run._source.tree
        sums = totals_of(tree.lines, tree.end)
        assert totals == completed(sums, run.totals_written)
        assert bool(run.totals_note) == (tree.end is not None and sums != run.totals_written)


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_lines_with_spaces_are_read_as_those_that_our_writer_wrote(tmp_path, seed):
    path = canonical.write(tmp_path / "log", seed)
    before = [(run.id, run.status, dict(run.totals), list(run.records())) for run in steplog.read(path).runs]
    for file in segments(path):
        rows = [orjson.loads(line) for line in file.read_bytes().splitlines() if line]
        spaced = [orjson.dumps(row).replace(b'":', b'": ').replace(b',"', b', "') for row in rows]
        file.write_bytes(b"".join(line + b"\n" for line in spaced))
    log = steplog.read(path)
    assert [(run.id, run.status, dict(run.totals), list(run.records())) for run in log.runs] == before
    assert log.noticed.bad == ()


def test_the_last_runs_are_found_without_a_look_at_what_stands_far_before(tmp_path):
    writer = canonical.Writer(canonical.random.Random(1), 0, shared=False).runs(200)
    file = tmp_path / f"20261101T000000000000Z-1-{writer.w}.jsonl"
    file.write_bytes(b"garbage\n" + b"".join(writer.lines))
    log = steplog.read(file)
    assert log.runs[-1].id == steplog.read(file).runs[199].id
    assert log.noticed.bad == ()
    assert len(log.runs) == 200
    assert [(bad.number, bad.offset) for bad in log.noticed.bad] == [(1, 0)]


def test_a_run_of_eight_digits_is_the_newest_that_begins_so_and_fewer_must_fit_one(tmp_path):
    writer = canonical.Writer(canonical.random.Random(1), 0, shared=False)
    for run in ("aaaabbbb00000001", "aaaabbbb00000002", "cccc000000000000"):
        writer.line("run.start", run, id=f"11112222-{run}", name=run)
    file = tmp_path / f"20261101T000000000000Z-1-{writer.w}.jsonl"
    file.write_bytes(b"".join(writer.lines))
    log = steplog.read(file)
    assert log.run("aaaabbbb").name == "aaaabbbb00000002"
    assert log.run("aaaabbbb00000001").name == "aaaabbbb00000001"
    with pytest.raises(steplog.Ambiguous, match="fits 2 runs"):
        log.run("aaaabbb")
    with pytest.raises(steplog.Ambiguous, match="fits 3 runs"):
        log.run("1111-2222")


def test_a_clock_set_back_between_two_processes_reorders_their_runs_and_not_those_of_one(tmp_path):
    chance = canonical.random.Random(1)
    first, second = (
        canonical.Writer(chance, 10**9, shared=False),
        canonical.Writer(chance, 10**6, shared=False),
    )
    for writer, names in ((first, "ab"), (second, "cd")):
        for name in names:
            writer.line("run.start", f"{ord(name):016x}", id="x", name=name)
        writer.us -= 500_000  # and once within the process
        writer.line("run.start", "f" * 16, id="x", name=f"{names} late")
        stem = "20261101T0000000000" + ("01Z-1" if writer is first else "02Z-2")
        (tmp_path / f"{stem}-{writer.w}.jsonl").write_bytes(b"".join(writer.lines))
    names = ["c", "d", "cd late", "a", "b", "ab late"]
    assert [run.name for run in steplog.read(tmp_path).runs] == names
    assert [run.name for run in steplog.read(tmp_path).iter_runs(newest_first=True)] == names[::-1]


def test_runs_of_a_shared_file_stand_in_the_order_of_the_file(tmp_path):
    chance = canonical.random.Random(1)
    first, second = canonical.Writer(chance, 10**9, shared=True), canonical.Writer(chance, 10**6, shared=True)
    first.line("run.start", "a" * 16, id="x", name="a")
    second.line("run.start", "b" * 16, id="x", name="b")
    (tmp_path / "all.jsonl").write_bytes(b"".join(first.lines + second.lines))
    assert [run.name for run in steplog.read(tmp_path / "all.jsonl").runs] == ["a", "b"]


def test_segments_in_any_order_as_a_shell_gives_them_are_one_log(tmp_path):
    with steplog.Recorder(tmp_path / "log", rotate_bytes=4096) as recorder:
        with recorder.run("long") as long:
            for number in range(30):
                with recorder.run(f"short {number}") as run:
                    run.custom("note", {"text": "x" * 200})
                long.custom("note", {"text": "x" * 200})
    want = {
        run.id: (run.status, dict(run.totals), len(run.steps)) for run in steplog.read(tmp_path / "log").runs
    }
    names = sorted(file.name for file in (tmp_path / "log").iterdir())
    assert names[-1].count(".") == 1  # the first segment, X.jsonl, comes behind X.2.jsonl
    (tmp_path / "all.jsonl").write_bytes(b"".join((tmp_path / "log" / name).read_bytes() for name in names))
    log = steplog.read(tmp_path / "all.jsonl")
    assert {run.id: (run.status, dict(run.totals), len(run.steps)) for run in log.runs} == want
    assert log.gaps == ()
