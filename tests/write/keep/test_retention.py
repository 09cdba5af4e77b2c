"""The oldest go first, as many as must, and who is asked why one stays answers with a reason."""

import os
import subprocess
import sys
import time
from collections import deque

import pytest
from click.testing import CliRunner

import steplog
from sample_segments import dead_segment
from steplog._cli.main import steplog as command
from steplog._write.keep.judge import Judge
from steplog._write.keep.retention import Limits, Stock, trim
from steplog._write.keep.segments import age, segments_in

DAY = 86400
FEBRUARY = 1767225600 + 31 * DAY


def trimmed(folder, *, days=0, most=0, shipped=None, delete=True):
    """What was looked at, each with why it stays."""
    segments = sorted(segments_in(folder), key=age)
    stock = Stock(sum(segment.size for segment in segments), deque(segments))
    judge = Judge(folder, segments)
    found = trim(stock, Limits(days, most), judge, now=FEBRUARY, shipped=shipped, delete=delete)
    return [(segment.name, why) for segment, why in found]


def total(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def prune(folder, *args):
    return CliRunner().invoke(command, ["prune", str(folder), *args])


def test_age_decides_and_not_when_a_writer_began(tmp_path):
    """A long-lived process' newest segments are younger than those of a job that began later and ended long ago."""
    server = [dead_segment(tmp_path, number=1, part=part, day=10 + part) for part in range(1, 4)]
    job = [dead_segment(tmp_path, number=2, part=part, day=2) for part in range(1, 3)]
    assert trimmed(tmp_path, most=total(tmp_path) - 1) == [(job[0].name, "")]
    assert trimmed(tmp_path, days=25) == [(job[1].name, "")]
    assert trimmed(tmp_path, most=1)[0][0] == server[0].name


def test_only_as_many_go_as_must(tmp_path):
    paths = [dead_segment(tmp_path, number=n, day=1 + n) for n in range(6)]
    size = paths[0].stat().st_size
    assert trimmed(tmp_path, most=4 * size) == [(path.name, "") for path in paths[:2]]
    assert [path.exists() for path in paths] == [False, False, True, True, True, True]
    assert trimmed(tmp_path, most=4 * size) == []
    assert trimmed(tmp_path, days=31 - 4 + 0.5) == [(paths[2].name, ""), (paths[3].name, "")]
    assert trimmed(tmp_path) == []


def test_where_one_must_stay_the_next_oldest_goes(tmp_path):
    ours = dead_segment(tmp_path, number=1, day=1, closed=False, host="elsewhere", boot="another")
    other = dead_segment(tmp_path, number=2, day=2)
    assert [name for name, why in trimmed(tmp_path, most=1) if not why] == [other.name]
    assert ours.exists()


def test_what_was_not_shipped_stays_in_either_form(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    plain, packed, late = (dead_segment(tmp_path, number=n, day=1 + n) for n in range(3))
    names = frozenset((plain.name, packed.name))
    packed.with_name(packed.name + ".zst").write_bytes(zstd.compress(packed.read_bytes()))
    packed.unlink()
    found = dict(trimmed(tmp_path, most=1, shipped=names))
    assert found == {plain.name: "", packed.name + ".zst": "", late.name: "it was not shipped yet"}
    assert [path.name for path in tmp_path.iterdir()] == [late.name]


def test_what_another_process_did_meanwhile_is_no_error_and_is_counted(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    gone, packed, last = (dead_segment(tmp_path, number=n, day=1 + n) for n in range(3))
    segments = sorted(segments_in(tmp_path), key=age)
    stock = Stock(sum(segment.size for segment in segments), deque(segments))
    gone.unlink()
    smaller = packed.with_name(packed.name + ".zst")
    smaller.write_bytes(zstd.compress(packed.read_bytes()))
    os.utime(smaller, (0, 0))
    packed.unlink()
    limits = Limits(0, last.stat().st_size)
    found = trim(stock, limits, Judge(tmp_path, segments), now=FEBRUARY, shipped=None)
    assert [(segment.name, why) for segment, why in found] == [(smaller.name, "")]
    assert stock.total == last.stat().st_size == total(tmp_path)


def test_prune_says_why_what_should_go_stays(tmp_path):
    dead_segment(tmp_path / "log", number=1, closed=False, host="elsewhere", boot="another")
    dead_segment(tmp_path / "log", number=2)
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r"):
        done = prune(tmp_path / "log", "--keep-bytes", "1", "--yes")
    assert done.exit_code == 0
    assert "its writer is on another host, elsewhere" in done.output
    assert f"its writer is alive, process {os.getpid()}" in done.output
    assert "1 segments deleted, 10" in done.output
    done = prune(tmp_path / "log", "--keep-bytes", "1T")
    assert done.output.startswith("0 segments deleted"), "nothing is named that the limits leave alone"


WRITER = """
import sys, steplog
recorder = steplog.Recorder(sys.argv[1], rotate_bytes=4000)
with recorder.run("open") as run:
    for n in range(40):
        with recorder.run("short") as short: short.custom("line", n)
    print("ready", flush=True)
    sys.stdin.read()
recorder.close()
"""


def test_prune_beside_a_living_process_leaves_what_it_needs(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout.readline() == b"ready\n"
        before = sorted(segments_in(tmp_path / "log"), key=age)
        assert prune(tmp_path / "log", "--keep-bytes", "1", "--yes").exit_code == 0
        left = [segment.part for segment in sorted(segments_in(tmp_path / "log"), key=age)]
        assert left == [1, before[-1].part]
        writer.stdin.close()
    (run,) = [run for run in steplog.read(tmp_path / "log").runs if run.name == "open"]
    assert run.status == "ok"


def test_the_price_of_a_segment_does_not_grow_with_their_number(tmp_path):
    def cpu(count):
        folder = tmp_path / str(count)
        for n in range(count):
            dead_segment(folder, number=n, day=1 + n % 30, size=10)
        began = time.process_time()
        assert len(trimmed(folder, most=total(folder) // 2)) == count // 2
        return (time.process_time() - began) / count

    few = min(cpu(100), cpu(102))
    assert cpu(2000) < 4 * few
