"""The gate that calls pass in order to write: one thread at a time, no lock leaked, no handler waiting for itself."""

import threading
import time

import pytest

from steplog._write.disk.gate import Gate


def in_a_thread(call):
    """What a call gives in another thread."""
    given = []
    thread = threading.Thread(target=lambda: given.append(call()))
    thread.start()
    thread.join(10)
    return given[0]


def done(_, *, is_alone):
    return True


def test_work_is_told_up_to_which_number_and_whether_nobody_else_can_be_writing():
    told = []
    for is_only in (True, False):
        Gate(is_only=is_only).alone(lambda upto, *, is_alone: told.append((upto, is_alone)) or True, 7)
    assert told == [(7, True), (7, False)]


def test_another_thread_is_not_let_in_and_waits_no_longer_than_it_is_told_to():
    gate = Gate(is_only=True)
    waits = []

    def knock(*how):
        began = time.monotonic()
        given = gate.alone(done, 0, *how)
        waits.append(time.monotonic() - began)
        return given

    assert gate.alone(lambda *_, **__: in_a_thread(knock) is None) is True
    assert gate.alone(lambda *_, **__: in_a_thread(lambda: knock((True, 0.05))) is None) is True
    assert in_a_thread(knock) is True
    assert waits[0] < 0.04
    assert 0.05 <= waits[1] < 0.5


def test_a_call_that_cuts_in_does_its_work_and_one_that_cuts_into_that_does_not():
    gate, told = Gate(is_only=True), []

    def work(depth):
        def at_depth(_, *, is_alone):
            told.append((depth, is_alone))
            return depth == 3 or gate.alone(work(depth + 1)) is not False

        return at_depth

    assert gate.alone(work(1)) is True
    assert told == [(1, True), (2, False)]
    assert gate.alone(work(3)) is True
    assert in_a_thread(lambda: gate.alone(work(3))) is True


class Injected(BaseException):
    pass


def test_an_exception_leaves_the_gate_open():
    gate = Gate(is_only=True)

    def fail(*_, **__):
        raise Injected

    def cut_in_and_fail(*_, **__):
        gate.alone(fail)

    for work in (fail, cut_in_and_fail):
        with pytest.raises(Injected):
            gate.alone(work)
        assert not gate.is_ours()
        assert in_a_thread(lambda: gate.alone(done)) is True
