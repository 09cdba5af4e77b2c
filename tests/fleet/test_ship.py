"""Closed segments reach the store whole and once, and only what is there is pruned here."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import steplog
from steplog import fleet
from steplog._format.shipped import key_of
from steplog._write.keep.segments import segments_in

WRITER = """
import sys, steplog
with steplog.Recorder(sys.argv[1], rotate_bytes=20_000) as recorder:
    for line in sys.stdin:
        for _ in range(int(line)):
            with recorder.run("r", input="x" * 500) as run:
                with run.tool("t", args={"q": "y" * 1500}) as tool:
                    tool.set(result="z" * 1500)
            print(run.id, flush=True)
        print("-", flush=True)
"""
SHIPPING = """
import sys
from steplog import fleet
import s3fs
print("begun", flush=True)
for done in fleet.ship(sys.argv[1], sys.argv[2]):
    pass
"""

pytest.importorskip("fsspec")


class Writer:
    """A process that records runs when it is told to, and says which."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.runs = []

    def record(self, count):
        self.begin(count)
        self.settle()

    def begin(self, count):
        print(count, file=self.process.stdin, flush=True)

    def settle(self):
        while (line := self.process.stdout.readline().strip()) != "-":
            self.runs.append(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture
def writer(tmp_path):
    found = Writer(tmp_path / "log")
    yield found
    found.process.kill()
    found.close()


def test_segments_lie_by_day_and_host_and_are_read_by_url(bucket, writer, tmp_path, command):
    writer.record(40)
    writer.close()
    done = command("ship", bucket, tmp_path / "log")
    assert done.returncode == 0, done.stderr
    local = sorted(segments_in(tmp_path / "log"), key=lambda each: each.part)
    shipped = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("shipped ")]
    assert len(shipped) == len(local) > 3
    here, there = steplog.read(tmp_path / "log"), steplog.read(bucket)
    assert [run.uuid for run in there.runs] == [run.uuid for run in here.runs] == writer.runs
    day, host, _ = shipped[0].split("/")
    opened = here.tail(10_000)[0].record
    assert (day, host) == (f"dt={opened['ts'][:10]}", f"host={opened['host']}")
    assert [run.uuid for run in steplog.read(f"{bucket}/{day}/{host}").runs] == writer.runs
    assert (there.gaps, there.bad) == ((), ())


def test_a_live_segment_stays_and_its_runs_follow(bucket, writer, tmp_path):
    writer.record(20)
    outcomes = list(fleet.ship(tmp_path / "log", bucket))
    [live] = [each for each in outcomes if each.why]
    assert "its writer is alive" in live.why
    assert len(steplog.read(bucket).runs) < 20
    writer.close()
    [last] = fleet.ship(tmp_path / "log", bucket)
    assert last.segment == live.segment
    assert [run.uuid for run in steplog.read(bucket).runs] == writer.runs


def test_twice_is_once(bucket, writer, tmp_path):
    writer.record(20)
    writer.close()
    first = {each.key: each.size for each in fleet.ship(tmp_path / "log", bucket)}
    assert list(fleet.ship(tmp_path / "log", bucket)) == []
    # Even where nobody knows any more what was shipped.
    (tmp_path / "log" / ".shipped").unlink()
    again = list(fleet.ship(tmp_path / "log", bucket))
    assert {each.key: each.size for each in again} == first
    assert all(each.was_there for each in again)


def test_what_is_packed_is_the_same_segment(bucket, writer, tmp_path, command):
    writer.record(20)
    writer.close()
    shipped = {each.key for each in fleet.ship(tmp_path / "log", bucket)}
    (tmp_path / "log" / ".shipped").unlink()
    assert command("pack", tmp_path / "log").returncode == 0
    assert {each.key for each in fleet.ship(tmp_path / "log", bucket)} == shipped
    assert steplog.read(bucket).bad == ()


def test_only_what_was_shipped_is_pruned(bucket, writer, tmp_path, command):
    writer.record(20)
    outcomes = fleet.ship(tmp_path / "log", bucket)
    first = next(outcomes)
    outcomes.close()
    done = command("prune", "--keep-bytes", "1", "--yes", tmp_path / "log")
    gone = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("deleted")]
    assert gone == [first.segment]
    assert done.stdout.count("it was not shipped yet") > 2


def test_what_arrives_damaged_does_not_count(writer, tmp_path):
    """A store that changes what it is given, as a disk may."""
    from fsspec.implementations.local import LocalFileSystem
    from fsspec.registry import register_implementation

    class Bad(LocalFileSystem):
        protocol = "bad"

        def put_file(self, path1, path2, **given):
            super().put_file(path1, path2, **given)
            with Path(path2).open("r+b") as file:
                file.seek(100)
                file.write(b"!")

        @classmethod
        def _strip_protocol(cls, path):
            return path.removeprefix("bad://")

    register_implementation("bad", Bad, clobber=True)
    writer.record(10)
    writer.close()
    with pytest.raises(fleet.StoreError, match="is not what was sent"):
        list(fleet.ship(tmp_path / "log", f"bad://{tmp_path}/store"))
    assert (tmp_path / "log" / ".shipped").read_text().splitlines() == [f"# bad://{tmp_path}/store"]


def test_a_store_that_refuses_is_one_sentence_and_nothing_counts(bucket, writer, tmp_path, command):
    writer.record(5)
    writer.close()
    done = command("ship", "s3://no-such-bucket/logs", tmp_path / "log")
    assert done.returncode == 1
    assert "s3://no-such-bucket/logs" in done.stderr
    assert "Traceback" not in done.stderr
    done = command("ship", bucket, tmp_path / "log")
    assert done.returncode == 2
    assert "is shipped to s3://no-such-bucket/logs" in done.stderr


def test_one_process_ships_at_a_time(writer, tmp_path):
    writer.record(20)
    first = fleet.ship(tmp_path / "log", str(tmp_path / "store"))
    next(first)
    with pytest.raises(fleet.ShipError, match="another steplog ships"):
        next(fleet.ship(tmp_path / "log", str(tmp_path / "store")))
    first.close()


def test_watching_ships_what_is_closed_and_looks_once_more_at_the_end(bucket, writer, tmp_path):
    watch = subprocess.Popen(
        [sys.executable, "-c", "from steplog._cli.main import main; main()", "ship", bucket, tmp_path / "log", "--watch", "--every", "0.2"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    writer.record(20)
    assert watch.stdout.readline().startswith("shipped ")
    writer.record(3)
    writer.close()
    watch.send_signal(signal.SIGTERM)
    said, _ = watch.communicate(timeout=60)
    assert watch.returncode == 0
    assert "; 0 stay" in said
    assert [run.uuid for run in steplog.read(bucket).runs] == writer.runs


def test_the_same_segment_has_the_same_key_whatever_its_host_is_called():
    name = "20261123T031259000000Z-4711-k3x9q2ab.2.jsonl"
    opened = {"ts": "2026-11-24T00:00:01.000000Z", "host": "web/1 ä"}
    key = "dt=2026-11-24/host=web_1__/20261123T031259000000Z-4711-k3x9q2ab.2.jsonl.zst"
    assert key_of(name, opened) == key_of(name + ".zst", opened) == key
    assert key_of(name, {}) == f"dt=2026-11-23/host=unknown/{name}.zst"


@pytest.mark.parametrize("kills", [4, pytest.param(30, marks=pytest.mark.torture)])
def test_killed_at_any_moment_nothing_is_missing_doubled_or_pruned_unverified(
    kills, bucket, writer, tmp_path, command
):
    log, chance = tmp_path / "log", random.Random(17)
    killed = 0
    for number in range(kills):
        writer.begin(20)  # it writes while we ship
        shipping = subprocess.Popen([sys.executable, "-c", SHIPPING, log, bucket], stdout=subprocess.PIPE)
        assert shipping.stdout.readline() == b"begun\n"
        try:
            shipping.wait(timeout=chance.uniform(0, 0.4))
        except subprocess.TimeoutExpired:
            shipping.kill()
            killed += 1
        shipping.communicate()
        if number % 2:
            before = {each.plain_name for each in segments_in(log)}
            assert command("prune", "--keep-bytes", "30000", "--yes", log).returncode == 0
            gone = before - {each.plain_name for each in segments_in(log)}
            there = {file.name for file in steplog.read(bucket).segments} if gone else set()
            assert {f"{name}.zst" for name in gone} <= there
        writer.settle()
    assert killed >= kills // 2
    writer.close()
    list(fleet.ship(log, bucket))
    found = steplog.read(bucket)
    assert [run.uuid for run in found.runs] == writer.runs
    assert {run.status for run in found.runs} == {"ok"}
    assert (found.gaps, found.bad) == ((), ())
    assert {file.name for file in log.iterdir() if file.name.startswith(".")} <= {".shipped", ".shipping"}
