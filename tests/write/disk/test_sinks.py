"""Sinks of the user's own."""

import pytest

import steplog
from steplog._write import guard


@pytest.fixture(autouse=True)
def nothing_said():
    """The same complaint comes once a minute."""
    guard._last_said.clear()


class Failing:
    """Takes nothing for its first calls, in a way of its own."""

    shared = False

    def __init__(self, error, times):
        self.error, self.times, self.data, self.opened = error, times, b"", 0

    def open(self, stamp, pid, w):
        self.opened += 1

    def write(self, lines):
        self.times -= 1
        if self.times >= 0:
            if isinstance(self.error, Exception):
                raise self.error
            return self.error
        self.data += bytes(lines[:100])
        return len(lines[:100])

    def close(self):
        pass


@pytest.mark.parametrize("error", [OSError(28, "full"), RuntimeError("broken"), None, 0], ids=repr)
def test_a_sink_that_fails_for_a_while_gets_every_line_once(error, capsys):
    sink = Failing(error, 1)
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for n in range(10):
            run.custom("line", {"n": n})
    assert [line.count(b'"n":') for line in sink.data.splitlines() if b"custom.point" in line] == [1] * 10
    assert capsys.readouterr().err.count("steplog:") == 1


@pytest.mark.parametrize("error", [OSError(28, "full"), RuntimeError("broken"), None, 0], ids=repr)
def test_a_sink_that_always_fails_costs_bounded_memory_and_no_exception(error, capsys):
    sink = Failing(error, 10**9)
    with steplog.Recorder(sink=sink, max_pending_bytes=10_000) as recorder, recorder.run("r") as run:
        for n in range(2000):
            run.custom("line", {"n": n, "pad": "x" * 50})
        appender = recorder._steps.lines.appender
        assert len(appender._writer.pending.queue) < 60
    warning, count = capsys.readouterr().err.splitlines()
    assert warning.startswith("steplog: cannot write the log: ")
    assert count.startswith("steplog: cannot write the log: 2002 lines are lost (")
