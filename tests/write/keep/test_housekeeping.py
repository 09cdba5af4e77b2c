"""What a writer does for its directory beside its work: within the limits, and at the same price however full it is."""

import ast
import os
import subprocess
import sys
import threading
import time

import pytest

import steplog
from sample_segments import dead_segment
from steplog._write.keep.housekeeping import Housekeeper
from steplog._write.settings.settings import Settings


def keeper_of(folder, **settings):
    return Housekeeper(Settings(path=str(folder), **settings))


def left(folder, number, part=1):
    """A segment that the writer has just left."""
    path = dead_segment(folder, number=number, part=part, size=10)
    os.utime(path)
    return path.name


def names(folder):
    return {path.name for path in folder.iterdir()}


def price(folder, rotations):
    """Median CPU of a rotation once the directory was looked at, in seconds."""
    keeper = keeper_of(folder, keep_bytes=sum(path.stat().st_size for path in folder.iterdir()))
    keeper.begun(None)
    keeper._look_at = float("inf")  # what a look costs is told by another test
    times = []
    for number in range(10_000, 10_000 + rotations):
        name = left(folder, number)
        began = time.thread_time()
        keeper.begun(name)
        times.append(time.thread_time() - began)
    return sorted(times)[rotations // 2]


def test_a_rotation_costs_the_same_beside_few_and_beside_thousands(tmp_path):
    for count in (50, 3000):
        for number in range(count):
            dead_segment(tmp_path / str(count), number=number, day=1 + number % 30, size=10)
    few, many = price(tmp_path / "50", 40), price(tmp_path / "3000", 40)
    assert many < 3 * few
    assert len(names(tmp_path / "3000")) == 3000, "as many went as came"


LOOKS = """
import os, sys, time
from steplog._write.keep.housekeeping import Housekeeper
from steplog._write.settings.settings import Settings
listed = 0
def count(event, args):
    global listed
    listed += event in ("os.scandir", "os.listdir")
sys.addaudithook(count)
keeper = Housekeeper(Settings(path=sys.argv[1], keep_bytes=1 << 40))
began, end = time.thread_time(), time.monotonic() + 1
while time.monotonic() < end:
    keeper.begun("")
    time.sleep(0.005)
print((listed, time.thread_time() - began))
"""


def test_looking_at_the_whole_directory_takes_a_hundredth_of_the_time(tmp_path):
    for number in range(2000):
        dead_segment(tmp_path, number=number, size=10)
    done = subprocess.run(
        [sys.executable, "-c", LOOKS, str(tmp_path)], check=True, capture_output=True, timeout=60
    )
    listed, _ = ast.literal_eval(done.stdout.decode())
    assert 1 <= listed <= 3, "a look takes about ten milliseconds"


def test_what_other_processes_write_is_seen_within_minutes(tmp_path):
    mine, other = (dead_segment(tmp_path, number=n, day=1 + n) for n in range(2))
    size = mine.stat().st_size
    keeper = keeper_of(tmp_path, keep_bytes=3 * size)
    keeper.begun(None)
    later = [dead_segment(tmp_path, number=n, day=20 + n) for n in range(2, 5)]
    keeper._look_at = 0
    keeper.begun(None)
    assert names(tmp_path) == {path.name for path in later}
    del other


def test_what_other_processes_deleted_is_not_counted(tmp_path):
    paths = [dead_segment(tmp_path, number=n, day=1 + n) for n in range(6)]
    keeper = keeper_of(tmp_path, keep_bytes=sum(path.stat().st_size for path in paths) + 100)
    keeper.begun(None)
    keeper._look_at = float("inf")
    for path in paths[:3]:
        path.unlink()
    dead_segment(tmp_path, number=9, day=30)
    keeper.begun(dead_segment(tmp_path, number=9, day=30).name)
    assert len(names(tmp_path)) == 4


def test_only_the_oldest_are_remembered_and_all_that_must_go_go(tmp_path):
    for number in range(1300):
        dead_segment(tmp_path, number=number, size=10, day=1 + number // 50)
    size = dead_segment(tmp_path, number=0, size=10).stat().st_size
    keeper = keeper_of(tmp_path, keep_bytes=1250 * size)
    keeper.begun(None)
    assert len(names(tmp_path)) == 1250
    assert len(keeper._stock.oldest) == len(keeper._judge._writers) == 512
    keeper._look_at = float("inf")
    for number in range(2000, 2700):
        keeper.begun(left(tmp_path, number))
    assert len(names(tmp_path)) == 1250, "and when those are used up it looks again"
    assert len(keeper._stock.oldest) <= 512


def test_who_stays_for_good_is_not_asked_again_with_each_segment(tmp_path):
    for number in range(50):
        dead_segment(tmp_path, number=number, size=10, closed=False, host="elsewhere", boot="another")
    keeper = keeper_of(tmp_path, keep_bytes=1)
    keeper.begun(None)
    keeper._look_at = float("inf")
    assert not keeper._stock.oldest
    keeper.begun(left(tmp_path, 100))
    assert not keeper._stock.oldest
    assert len(names(tmp_path)) == 50


def test_a_segment_that_had_to_stay_for_an_open_run_goes_when_it_has_ended(tmp_path):
    recorder = steplog.Recorder(tmp_path / "log", rotate_bytes=3000, keep_bytes=1)
    log = tmp_path / "log"
    with recorder.run("open") as run:
        for n in range(100):
            run.custom("line", n)
        first = min(log.iterdir(), key=lambda path: path.name.count("."))
        wait_until(lambda: len(names(log)) <= 2)
        assert first.exists()
    for n in range(100):
        with recorder.run("short") as short:
            short.custom("line", n)
    wait_until(lambda: len(names(log)) <= 2)
    assert not first.exists()
    recorder.close()


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_compressed_counts_as_small_as_it_is(tmp_path):
    pytest.importorskip("backports.zstd")
    paths = [dead_segment(tmp_path, number=n, day=1 + n) for n in range(5)]
    keeper = keeper_of(tmp_path, keep_bytes=5 * paths[0].stat().st_size, compress=True)
    keeper.begun(None)
    assert names(tmp_path) == {path.name + ".zst" for path in paths}
    keeper._look_at = float("inf")
    late = dead_segment(tmp_path, number=9, day=20)
    keeper.begun(late.name)
    assert names(tmp_path) == {path.name + ".zst" for path in (*paths, late)}
    assert keeper._stock.total == sum(path.stat().st_size for path in tmp_path.iterdir())
    keeper.begun(dead_segment(tmp_path, number=10, day=21, size=60_000).name)
    assert (names(tmp_path), keeper._stock.total) == (set(), 0)


def test_a_segment_counts_once_though_a_look_saw_it_half_written(tmp_path):
    old = [dead_segment(tmp_path, number=n, day=1 + n) for n in range(4)]
    live = dead_segment(tmp_path, number=9, day=20, size=5_000)
    keeper = keeper_of(tmp_path, keep_bytes=5 * old[0].stat().st_size)
    keeper.begun(None)
    keeper._look_at = float("inf")
    keeper.begun(dead_segment(tmp_path, number=9, day=20).name)
    assert keeper._stock.total == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert names(tmp_path) == {path.name for path in (*old, live)}
    keeper.begun(dead_segment(tmp_path, number=10, day=21, size=45_000).name)
    assert keeper._stock.total == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert len(names(tmp_path)) == 1


def test_a_forked_child_begins_anew(tmp_path):
    dead_segment(tmp_path)
    keeper = keeper_of(tmp_path, keep_bytes=1)
    keeper._lock.acquire()  # by a thread that is not in the child
    child = os.fork()
    if child == 0:
        try:
            keeper.begun(None)
        finally:
            os._exit(len(names(tmp_path)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_one_thread_at_a_time_keeps_house_and_nothing_asked_is_forgotten(tmp_path):
    dead_segment(tmp_path)
    keeper = keeper_of(tmp_path, keep_bytes=1 << 40)
    keeper.begun(None)
    total = keeper._stock.total
    names_left = [left(tmp_path, number) for number in range(1, 41)]
    threads = [
        threading.Thread(target=lambda part=names_left[k::4]: [keeper.begun(name) for name in part])
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert keeper._stock.total == sum(path.stat().st_size for path in tmp_path.iterdir()) > total
