"""An exception whose `str()` never returns is told by its arguments, and costs the program a moment once."""

import threading
import time

import pytest

from steplog._write.safe.exceptions import message_of
from steplog._write.safe.in_time import said_in_time


class LoopsError(Exception):
    def __str__(self):
        while self.args:
            pass
        return "never"


class WaitsError(Exception):
    def __str__(self):
        threading.Event().wait()
        return "never"


@pytest.mark.parametrize("cls", [LoopsError, WaitsError])
def test_what_never_returns_is_given_up_once_for_its_class(cls):
    assert message_of(cls("its argument")) == "its argument"
    began = time.monotonic()
    assert [message_of(cls(f"again {n}")) for n in range(20)] == [f"again {n}" for n in range(20)]
    assert time.monotonic() - began < 0.9


def test_a_thread_that_loops_is_ended():
    class CountsError(Exception):
        turns = 0

        def __str__(self):
            while self.args:
                CountsError.turns += 1
            return "never"

    with pytest.raises(TimeoutError):
        said_in_time(CountsError(1), patience=0.05)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        before = CountsError.turns
        time.sleep(0.05)
        if CountsError.turns == before:
            return
    pytest.fail("it still counts")


def test_what_it_says_and_raises_is_as_before():
    class SaysError(Exception):
        def __str__(self):
            return f"{len(self.args)} arguments"

    class FailsError(Exception):
        def __str__(self):
            raise SystemExit(3)

    assert message_of(SaysError(1, 2)) == "2 arguments"
    assert message_of(FailsError("its argument")) == "its argument"
