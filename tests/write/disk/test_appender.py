"""Records to lines at the end of a log: their numbers and times, what is written together, what is kept and what is lost."""

import select
import subprocess
import sys
import threading
import time

import pytest

from steplog._format.line import decode, encode
from steplog._write import guard
from steplog._write.disk import clock, pending
from steplog._write.disk.appender import Appender
from steplog._write.settings.settings import Settings


@pytest.fixture(autouse=True)
def nothing_said():
    """The same complaint comes once a minute."""
    guard._last_said.clear()


@pytest.fixture(autouse=True)
def soon_again(monkeypatch):
    """A disk that failed is tried again after 10 ms instead of a second."""
    monkeypatch.setattr(pending, "_REST_S", 0.01)


class Disk:
    """A sink that keeps what each write brought, and fails while `error` is set; `room` is how many bytes it takes."""

    shared = False

    def __init__(self, error=None, room=1 << 40):
        self.error, self.room, self.writes = error, room, []

    def open(self, stamp, pid, w):
        pass

    def write(self, lines):
        taken = bytes(lines[: self.room])
        if self.error is not None or not taken:
            raise self.error or OSError(28, "full")
        self.room -= len(taken)
        self.writes.append(taken)
        return len(taken)

    def close(self):
        pass

    @property
    def records(self):
        return [decode(line) for line in b"".join(self.writes).splitlines()]

    def names(self):
        return [record["name"] for record in self.records if record["ev"] == "custom.point"]


def body(name):
    return encode({"ev": "custom.point", "name": name, "pad": "x" * 1000})


@pytest.fixture
def appender_to(tmp_path):
    """Makes appenders to sinks, and ends them: a disk that never works is tried again as long as its writer lives."""
    made = []

    def make(sink, **settings):
        made.append(Appender(sink, dict, Settings.load(tmp_path, environ={}, **settings)))
        return made[-1]

    yield make
    for appender in made:
        appender.release()


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.001)


def test_records_of_one_call_are_written_in_one_go_each_a_line_of_its_own(appender_to):
    disk = Disk()
    appender = appender_to(disk)
    appender.append(body("first"))
    disk.writes.clear()
    appender.append(body("a"), body("b"), body("c"))
    (written,) = disk.writes
    assert [record["name"] for record in map(decode, written.splitlines())] == ["a", "b", "c"]
    assert [record["seq"] for record in map(decode, written.splitlines())] == [3, 4, 5]


def test_lines_stand_in_the_order_in_which_they_were_handed_over_also_those_that_had_to_wait(appender_to):
    disk = Disk()
    appender = appender_to(disk)
    names = [f"{n}" for n in range(40)]
    for n, name in enumerate(names):
        disk.error = OSError(5, "broken") if 10 <= n < 30 else None
        appender.append(body(name))
    wait_until(lambda: not appender._writer.pending.queue)
    assert disk.names() == names
    assert [record["seq"] for record in disk.records] == list(range(1, 42))


def test_a_line_bears_the_time_at_which_it_was_handed_over_and_not_that_of_its_writing(appender_to):
    disk = Disk(OSError(5, "broken"))
    appender = appender_to(disk)
    appender.append(body("waits"))
    handed_over = clock.stamp(time.time_ns())
    select.select([], [], [], 0.05)
    disk.error = None
    wait_until(lambda: disk.names() == ["waits"])
    assert all(record["ts"] <= handed_over for record in disk.records)


def size(name):
    return len(body(name)) + pending._OVERHEAD


@pytest.mark.parametrize(("spare", "lost"), [(0, 0), (-1, 1), (-size("00"), 1), (-size("00") - 1, 2)])
def test_pending_lines_are_kept_up_to_the_very_byte_that_is_allowed(spare, lost, appender_to):
    names = [f"{n:02}" for n in range(20)]
    disk = Disk(OSError(5, "broken"))
    appender = appender_to(disk, max_pending_bytes=sum(map(size, names)) + spare)
    for name in names:
        appender.append(body(name))
    disk.error = None
    wait_until(lambda: not appender._writer.pending.queue)
    assert disk.names() == [names[0], *names[1 + lost :]]  # the first was on its way
    told = [record for record in disk.records if record["ev"] == "log.lost"]
    assert [(record["count"], record["reason"]) for record in told] == [(lost, "EIO")] * bool(lost)
    gap = [b["seq"] - a["seq"] - 1 for a, b in zip(disk.records, disk.records[1:], strict=False)]
    assert sum(gap) == lost


def test_what_overflows_twice_is_told_twice_and_counted_together_at_the_end(appender_to):
    disk = Disk()
    appender = appender_to(disk, max_pending_bytes=5 * size("00"))
    for time_of_trouble in range(2):
        disk.error = OSError(5, "broken")
        for n in range(8):
            appender.append(body(f"{time_of_trouble}{n}"))
        disk.error = None
        wait_until(lambda: not appender._writer.pending.queue)
    appender.close({})
    assert [record["count"] for record in disk.records if record["ev"] == "log.lost"] == [3, 3]
    assert disk.records[-1] | {"ts": ""} == {
        "seq": disk.records[-1]["seq"],
        "ts": "",
        "ev": "log.close",
        "lines": disk.records[-1]["seq"],
        "bytes": len(b"".join(disk.writes[:-1])),
        "lost": 6,
    }


def test_a_torn_line_is_completed_byte_for_byte(appender_to):
    disk = Disk(room=3000)
    appender = appender_to(disk)
    for n in range(10):
        appender.append(body(f"{n}"))
    disk.room = 1 << 40
    wait_until(lambda: not appender._writer.pending.queue)
    assert disk.names() == [f"{n}" for n in range(10)]
    assert [record["seq"] for record in disk.records] == list(range(1, 12))


def test_a_log_that_ends_while_its_disk_fails_says_so_on_stderr_each_time(capsys, appender_to):
    for _ in range(2):  # the second within the minute
        appender = appender_to(Disk(OSError(28, "full")))
        for n in range(7):
            appender.append(body(f"{n}"))
        appender.close({})
    err = capsys.readouterr().err
    assert err.count("the program goes on") == 1
    assert err.count("cannot write the log: 7 lines are lost (ENOSPC); its log could not say so") == 2


def test_nobody_waits_long_behind_a_write_that_stalls_and_who_comes_later_does_not_wait_at_all(appender_to):
    disk, stalls, goes_on = Disk(), threading.Event(), threading.Event()
    write = disk.write

    def stalling(lines):
        if b"stalls" in lines:
            stalls.set()
            goes_on.wait(10)
        return write(lines)

    disk.write = stalling
    appender = appender_to(disk)
    appender.append(body("before"))
    inside = threading.Thread(target=appender.append, args=(body("stalls"),))
    inside.start()
    stalls.wait(10)
    waits = []
    for n in range(200):
        began = time.monotonic()
        appender.append(body(f"{n}"))
        waits.append(time.monotonic() - began)
    assert disk.names() == ["before"]
    goes_on.set()
    inside.join()
    wait_until(lambda: not appender._writer.pending.queue)
    assert disk.names() == ["before", "stalls", *(f"{n}" for n in range(200))]
    waits.sort()
    assert waits[-1] < 0.5  # 50 ms, and what a busy machine adds
    assert waits[-4] < 0.02


def test_a_call_inside_the_write_of_its_own_thread_does_not_wait_and_is_written_when_the_outer_returns(
    appender_to,
):
    disk, took = Disk(), []
    write = disk.write

    def logging_write(lines):
        if b'"outer"' in lines:
            began = time.monotonic()
            appender.append(body("inner"))
            took.append(time.monotonic() - began)
        return write(lines)

    disk.write = logging_write
    appender = appender_to(disk)
    appender.append(body("outer"))
    assert took[0] < 0.04
    assert disk.names() == ["outer", "inner"]


def test_a_disk_that_never_works_costs_a_few_calls_a_second_and_no_spin(monkeypatch, appender_to):
    monkeypatch.setattr(pending, "_REST_S", 1.0)
    disk, opened = Disk(), []

    def open_nothing(stamp, pid, w):
        opened.append(stamp)
        raise ValueError("embedded null byte")

    disk.open = open_nothing
    appender = appender_to(disk)
    began = time.process_time()
    for n in range(1000):
        appender.append(body(f"{n}"))
    select.select([], [], [], 0.3)
    assert len(opened) <= 3
    assert time.process_time() - began < 0.25


def test_lines_of_finalizers_are_there_though_a_thread_was_in_a_write_when_the_interpreter_ended(tmp_path):
    program = f'''
import sys, threading, time, types, steplog
from steplog._write.disk.appender import Appender
from steplog._write.settings.settings import Settings

out = open({str(tmp_path / "out")!r}, "ab", buffering=0)

class Stalls:
    shared, begun = False, threading.Event()
    def open(self, stamp, pid, w): pass
    def close(self): pass
    def write(self, lines, out=out):
        if b'"stalls"' in lines and not self.begun.is_set():
            self.begun.set()
            time.sleep(60)
        return out.write(lines)

append = Appender(Stalls(), dict, Settings.load({str(tmp_path)!r}, environ={{}})).append
append(b'{{"name":"first"}}')
# In a module of its own: those of the thread that stalls are never cleared.
late = sys.modules["late"] = types.ModuleType("late")
late.append, late.is_finalizing = append, sys.is_finalizing
exec("""class Late:
    def __del__(self, append=append, is_finalizing=is_finalizing):
        for _ in range(20 * is_finalizing()):
            append(b'{{"name":"late"}}')
""", late.__dict__)
late.late = late.Late()
threading.Thread(target=append, args=(b'{{"name":"stalls"}}',), daemon=True).start()
Stalls.begun.wait()
del late
'''
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)
    records = [decode(line) for line in (tmp_path / "out").read_bytes().splitlines()]
    assert [record.get("name") for record in records] == [None, "first", "stalls", *["late"] * 20]
    assert [record["seq"] for record in records] == list(range(1, 24))
