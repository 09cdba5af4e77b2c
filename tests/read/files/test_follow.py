"""Following a log: every line once, whole, in whatever files it comes."""

import os
import random
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Event, Timer

import pytest

import steplog
from sample_log import SEGMENT, Lines, weather
from steplog._read import BadLine, Line, follow
from steplog._read.files.lines import read_lines

POLL = 0.005
DEADLINE = 20.0  # seconds, after which a test that waits for a line that never comes has failed, and not hung


@contextmanager
def following(path, *, last=None, poll=POLL):
    """The lines of a log that is followed until the block is over, or the deadline is."""
    stop = Event()
    timer = Timer(DEADLINE, stop.set)
    timer.start()
    try:
        yield follow(path, last=last, poll=poll, stop=stop), stop
    finally:
        stop.set()
        timer.cancel()


def seqs(lines):
    return [line.record["seq"] if isinstance(line, Line) else "bad" for line in lines]


def rows():
    return weather().bytes().splitlines(keepends=True)


def test_the_last_lines_come_first_then_new_ones_as_they_are_written(tmp_path):
    file = tmp_path / SEGMENT
    file.write_bytes(b"".join(rows()[:5]))
    with following(tmp_path, last=2) as (lines, _):
        assert seqs(islice(lines, 2)) == [4, 5]
        with file.open("ab") as log:
            log.write(rows()[5])
        assert seqs(islice(lines, 1)) == [6]


@pytest.mark.parametrize("frame", [1 << 15, 1 << 24])
def test_of_a_packed_file_that_is_cut_all_lines_before_the_cut_are_given(frame, tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    log, dice = Lines().opened(), random.Random(3)
    for n in range(3000):
        log.add("custom.point", step=1, data={"text": f"{n} {dice.random()} " * 20})
    plain = log.bytes()
    packed = b"".join(zstd.compress(plain[at : at + frame]) for at in range(0, len(plain), frame))
    file = tmp_path / f"{SEGMENT}.zst"
    file.write_bytes(packed[: len(packed) * 2 // 3])
    expected = [line.record["seq"] for line in read_lines(file) if isinstance(line, Line)]
    assert len(expected) > 1000
    assert expected == list(range(1, len(expected) + 1))
    with following(tmp_path) as (lines, _):
        assert seqs(islice(lines, len(expected))) == expected


@pytest.mark.parametrize("last", [0, 1, 3, 99])
def test_a_line_that_is_unfinished_when_we_come_is_given_whole_when_it_is(tmp_path, last):
    file = tmp_path / SEGMENT
    file.write_bytes(b"".join(rows()[:5]) + rows()[5][:-20])
    with following(tmp_path, last=last) as (lines, stop):
        assert seqs(islice(lines, min(last, 5))) == [1, 2, 3, 4, 5][max(0, 5 - last) :]
        with file.open("ab") as log:
            log.write(rows()[5][-20:] + rows()[6])
        assert seqs(islice(lines, 2)) == [6, 7]
        stop.set()
        assert list(lines) == []


def test_a_partial_record_is_never_given(tmp_path):
    file = tmp_path / "a.jsonl"
    data = b"".join(rows()[:2])
    file.write_bytes(data[:-10])
    with following(file) as (lines, stop):
        assert seqs(islice(lines, 1)) == [1]
        with file.open("ab") as log:
            log.write(data[-10:])
        assert seqs(islice(lines, 1)) == [2]
        stop.set()
        assert list(lines) == []


def test_new_segments_are_followed_too(tmp_path):
    folder = tmp_path / "logs"
    with following(folder) as (lines, _):
        folder.mkdir()
        (folder / SEGMENT).write_bytes(rows()[0])
        assert seqs(islice(lines, 1)) == [1]
        Lines("bbbbbbbb").opened().write(folder / "20261123T041259000000Z-4712-bbbbbbbb.jsonl")
        assert next(lines).record["w"] == "bbbbbbbb"


def test_a_truncated_and_a_replaced_file_are_read_from_the_beginning(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(rows()[:3]))
    with following(file) as (lines, _):
        assert seqs(islice(lines, 3)) == [1, 2, 3]
        os.truncate(file, 0)
        with file.open("ab") as log:
            log.write(rows()[3])
        assert seqs(islice(lines, 1)) == [4]
        (tmp_path / "new").write_bytes(b"".join(rows()[4:9]))
        (tmp_path / "new").replace(file)
        assert seqs(islice(lines, 5)) == [5, 6, 7, 8, 9]
        file.write_bytes(b"".join(rows()[1:9]))
        assert seqs(islice(lines, 8)) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_a_line_of_a_known_writer_comes_once_whatever_becomes_of_its_file(tmp_path):
    file = tmp_path / SEGMENT
    file.write_bytes(b"".join(rows()[:5]))
    with following(tmp_path) as (lines, _):
        assert seqs(islice(lines, 5)) == [1, 2, 3, 4, 5]
        os.truncate(file, 0)
        file.write_bytes(b"".join(rows()[2:6]))
        assert seqs(islice(lines, 1)) == [6]
        (tmp_path / "copy.jsonl").write_bytes(b"".join(rows()[:8]))
        assert seqs(islice(lines, 2)) == [7, 8]


@pytest.mark.parametrize("last", [None, 0, 2])
def test_a_file_that_is_packed_goes_on_where_it_stood(tmp_path, last):
    zstd = pytest.importorskip("backports.zstd")
    file = tmp_path / SEGMENT
    file.write_bytes(b"".join(rows()[:5]))
    with following(tmp_path, last=last) as (lines, stop):
        assert (
            seqs(islice(lines, 5 if last is None else last))
            == [1, 2, 3, 4, 5][-5 if last is None else 5 - last :]
        )
        if not last:
            with file.open("ab") as log:
                log.write(rows()[5])
            assert seqs(islice(lines, 1)) == [6]
        # A line that came between our last look and the packing stands in the packed file only.
        file.with_name(SEGMENT + ".zst").write_bytes(zstd.compress(b"".join(rows()[:8])))
        file.unlink()
        assert seqs(islice(lines, 3 if last else 2)) == [6, 7, 8][-3 if last else -2 :]
        file.write_bytes(b"".join(rows()[:9]))
        file.with_name(SEGMENT + ".zst").unlink()
        assert seqs(islice(lines, 1)) == [9]
        stop.set()
        assert list(lines) == []


def test_what_was_packed_when_we_came_is_not_given_when_it_is_unpacked(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    packed = tmp_path / (SEGMENT + ".zst")
    packed.write_bytes(zstd.compress(b"".join(rows()[:8])))
    with following(tmp_path, last=0) as (lines, _):
        other = tmp_path / "20261123T041259000000Z-4712-bbbbbbbb.jsonl"
        Lines("bbbbbbbb").opened().write(other)
        assert next(lines).record["w"] == "bbbbbbbb"
        (tmp_path / SEGMENT).write_bytes(b"".join(rows()[:8]))
        packed.unlink()
        with other.open("ab") as log:
            log.write(b'{"seq":2,"ts":"2026-11-23T03:13:00.000000Z","ev":"log.close","lines":2}\n')
        assert next(lines).record["ev"] == "log.close"


def test_damage_is_named_once_and_following_goes_on(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(rows()[0] + b"garbage\n" + rows()[1])
    with following(file) as (lines, _):
        found = list(islice(lines, 3))
    assert seqs(found) == [1, "bad", 2]
    assert isinstance(found[1], BadLine)


def test_stopping_gives_what_was_written_before(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(rows()[0])
    with following(file) as (lines, stop):
        assert seqs(islice(lines, 1)) == [1]
        with file.open("ab") as log:
            log.write(rows()[1])
        stop.set()
        assert seqs(lines) == [2]


def test_thousands_of_idle_segments_cost_next_to_nothing_and_a_line_in_any_of_them_is_found(tmp_path):
    old = time.time() - 3600
    for number in range(5000):
        w = f"{number:08d}".translate(str.maketrans("0189", "abcd"))
        file = tmp_path / f"20261123T0312590{number:05}Z-{number + 1}-{w}.jsonl"
        file.write_bytes(rows()[0].replace(b"k3x9q2ab", w.encode()))
        os.utime(file, (old, old))
    os.utime(tmp_path, (old, old))
    stop, found = Event(), []

    def watch():
        for line in follow(tmp_path, stop=stop):
            used.append(time.thread_time())
            found.append(line)
            stop.set()
        used.append(time.thread_time())

    used: list[float] = []
    timer = Timer(60, stop.set)
    timer.start()
    watcher = threading.Thread(target=watch)
    before = time.monotonic()
    watcher.start()
    time.sleep(6)  # idle
    with file.open("ab") as log:
        log.write(b'{"seq":2,"ts":"2026-11-23T03:13:00.000000Z","ev":"log.close","lines":2}\n')
    watcher.join()
    timer.cancel()
    assert [line.record["seq"] for line in found] == [2]
    # To begin costs about half a second; the rest is spread over some thirty looks.
    assert used[-1] < 0.9 + 0.02 * (time.monotonic() - before)


READER = """
import sys, threading, steplog
stop, seen, again = threading.Event(), set(), 0
def follow():
    global again
    for line in steplog.follow(sys.argv[1], last=None, poll=.01, stop=stop):
        if isinstance(line, steplog.BadLine):
            print("damage", line)
            continue
        key = (line.record.get("w") or line.file.name.split(".")[0].rpartition("-")[2], line.record["seq"])
        again += key in seen
        seen.add(key)
thread = threading.Thread(target=follow)
thread.start()
print("ready", flush=True)
sys.stdin.readline()
stop.set()
thread.join()
print("lines", len(seen), "again", again)
"""
WRITER = """
import sys, time, steplog
with steplog.Recorder(sys.argv[1], rotate_bytes=6000) as recorder:
    while not sys.stdin.closed and time.monotonic() < float(sys.argv[2]):
        with recorder.run("busy") as run:
            for number in range(5):
                run.custom("note", {"n": number, "text": "x" * 150})
        time.sleep(0.01)
"""
JANITOR = """
import sys
from steplog._cli.main import steplog
while True:
    steplog(["pack", sys.argv[1]], standalone_mode=False)
    steplog(["prune", sys.argv[1], "--keep-bytes", "60k", "--yes"], standalone_mode=False)
"""


def test_two_hundred_reads_and_a_tail_beside_pack_rotation_and_prune_say_no_false_word(tmp_path):
    pytest.importorskip("backports.zstd")
    log = tmp_path / "log"
    log.mkdir()
    deadline = time.monotonic() + 120
    programs = [(WRITER, str(deadline)), (WRITER, str(deadline)), (JANITOR,)]
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout.readline() == "ready\n"
    others = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(log), *more], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        for program, *more in programs
    ]
    names, wrong, changes = set(), [], 0
    try:
        reads = 0
        while reads < 200 or changes < 100:
            assert time.monotonic() < deadline
            found = steplog.read(log)
            reads += 1
            changes += len(names ^ {file.name for file in found.segments})
            names = {file.name for file in found.segments}
            if found.bad or found.gaps or found.noticed.bad:
                wrong.append((found.bad, found.gaps, found.noticed.bad))
            for run in found.iter_runs(newest_first=True, limit=3):
                with suppress(steplog.NotFound):  # pruned meanwhile
                    assert [step.number for step in run.steps] == list(range(1, len(run.steps) + 1))
        assert wrong == []
    finally:
        for other in others:
            other.kill()
            other.communicate()
        said, _ = reader.communicate("\n", timeout=60)
    assert said.split()[-1] == "0", said
    assert "damage" not in said
    assert int(said.split()[1]) > 300
