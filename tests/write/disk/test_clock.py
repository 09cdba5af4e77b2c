"""Time stamps: the wall clock, followed wherever it is set, and never back within a writer."""

from datetime import UTC, datetime

import pytest

import steplog
from steplog._write.disk import clock

DAY = 86_400 * 10**9


@pytest.fixture
def wall(monkeypatch):
    """A wall clock that stands where `wall[0]` says, in ns since 1970, plus the time that goes by."""
    began, now = clock.now_ns(), [1_800_000_000 * 10**9]
    monkeypatch.setattr(clock, "_CLOCKS", (lambda: now[0] + clock.now_ns() - began, clock._CLOCKS[1]))
    return now


class Log:
    """A log in memory, and what time its lines say."""

    def __init__(self):
        self.sink = steplog.MemorySink()
        self.recorder = steplog.Recorder(sink=self.sink)
        self.run = self.recorder.run("r").__enter__()

    def line(self):
        """Write one, after a look at the clock, as is taken four times a second; how far off 2027-01-15T08:00 it is, in days."""
        self.recorder._steps.lines.appender._writer._composer.look_soon()
        self.recorder._steps.lines.appender._writer._composer.calm = (0, 0, 0, b"")
        self.run.custom("line")
        at = datetime.fromisoformat(self.sink.records[-1]["ts"])
        return (at - datetime.fromtimestamp(1_800_000_000, UTC)).total_seconds() / 86_400

    def stamps(self):
        return [record["ts"] for record in self.sink.records]


def test_stamps_follow_a_clock_that_is_set_forward(wall):
    log = Log()
    assert log.line() == pytest.approx(0, abs=1e-3)
    wall[0] += 3 * DAY
    assert log.line() == pytest.approx(3, abs=1e-3)


def test_stamps_stand_still_while_a_clock_that_was_ahead_is_set_back_and_go_on_when_it_has_caught_up(wall):
    log = Log()
    wall[0] += DAY
    ahead = log.line()
    wall[0] -= DAY
    assert {log.line() for _ in range(5)} == {ahead}
    wall[0] += DAY // 2
    assert log.line() == ahead
    wall[0] += DAY
    assert log.line() == pytest.approx(1.5, abs=1e-3)
    assert log.stamps() == sorted(log.stamps())


def test_lines_in_between_two_looks_at_the_clock_never_go_back_either(wall):
    log = Log()
    for days in (1, -2, 3, -1, -5, 10):
        wall[0] += days * DAY
        log.line()
        for _ in range(3):
            log.run.custom("line")
    assert log.stamps() == sorted(log.stamps())
    assert [record["seq"] for record in log.sink.records] == list(range(1, len(log.sink.records) + 1))


def test_a_stamp_is_rfc_3339_in_utc_with_microseconds():
    for second in (0, 951_782_400, 1_709_164_800, 1_800_000_000, 4_102_444_799):
        wanted = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.123456Z")
        assert clock.stamp(second * 10**9 + 123_456_789) == wanted


def test_a_time_beyond_the_years_of_four_digits_is_the_first_or_the_last_of_them():
    assert clock.stamp(-(10**20)).startswith("1970-01-01T00:00:00.")
    assert clock.stamp(10**21).startswith("9999-12-31T23:59:59.")
