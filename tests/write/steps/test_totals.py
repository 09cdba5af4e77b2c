"""What a run adds up to: each count once, whatever threads do, and work that ends after its run included."""

import sys
import threading
import time
from contextlib import suppress
from itertools import count

import pytest

import steplog
from steplog._write.steps.totals import RunTotals


@pytest.fixture
def switching_often():
    """Threads give way to each other after every few byte codes."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-7)
    yield
    sys.setswitchinterval(before)


def in_threads(work, number=8):
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_no_token_is_lost_between_threads(switching_often):
    totals = RunTotals()
    in_threads(lambda: [totals.add_call({"input_tokens": 1, "output_tokens": 2}, "m") for _ in range(5000)])
    assert totals.as_dict() == {"input_tokens": 40_000, "output_tokens": 80_000, "models": ["m"]}


def test_no_count_is_lost_between_threads_that_count_and_ask(switching_often):
    totals = RunTotals()

    def work():
        for _ in range(2000):
            totals.count("tool")
            totals.count("failed")
            totals.sum_up()

    in_threads(work)
    assert totals.as_dict() == {"steps": 16_000, "tool_calls": 16_000, "errors": 16_000}


def test_no_run_is_lost_in_the_totals_of_all_between_threads(sink, switching_often):
    with steplog.Recorder(sink=sink) as recorder:

        def work():
            for _ in range(150):
                with recorder.run("r") as run, run.llm("m") as call:
                    call.set(usage={"input_tokens": 1})

        in_threads(work, 4)
        assert recorder.totals == {"steps": 600, "llm_calls": 600, "input_tokens": 600, "models": ["m"]}


def test_a_thread_that_stands_still_while_it_adds_holds_nobody_up_for_long():
    totals, go_on, is_inside = RunTotals(), threading.Event(), threading.Event()

    class Slow(dict):
        def __getitem__(self, name):
            is_inside.set()
            go_on.wait(20)
            return 1

    totals.add_call(Slow(input_tokens=1), "m")
    slow = threading.Thread(target=totals.as_dict)
    slow.start()
    assert is_inside.wait(20)
    totals.count("tool")
    began = time.monotonic()
    assert totals.as_dict() == {"models": ["m"]}
    assert time.monotonic() - began < 5
    go_on.set()
    slow.join()
    assert totals.as_dict() == {"steps": 1, "tool_calls": 1, "input_tokens": 1, "models": ["m"]}


def test_exceptions_at_any_moment_leave_nobody_inside():
    totals = RunTotals()
    for stops_at in range(60):
        met = count()

        def stop(frame, _event, _arg, met=met, stops_at=stops_at):
            if "/_write/" in frame.f_code.co_filename and next(met) == stops_at:
                raise KeyboardInterrupt
            return stop

        totals.count("tool")
        sys.settrace(stop)
        try:
            with suppress(KeyboardInterrupt):
                totals.sum_up()
        finally:
            sys.settrace(None)
        asked = []
        other = threading.Thread(
            target=lambda asked=asked: asked.append(totals._gate.alone(lambda *_, **__: True))
        )
        other.start()
        other.join()
        assert asked == [True]


def test_an_interrupt_that_was_answered_is_none_and_one_that_came_after_an_answer_is():
    totals = RunTotals()
    for what in ("resume", "interrupt", "resume", "interrupt"):
        totals.count(what)
    assert totals.as_dict() == {"steps": 4, "interrupts": 1}
    assert totals.waits


def test_what_is_left_out_and_what_is_no_count_is_in_no_sum(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        with run.step("chain", "plumbing"), run.node("n"):
            pass
        with run.llm("m") as call:
            call.set(usage={"input_tokens": 3, "total_tokens": 9}, cached=True)
        assert run.totals == {"steps": 2, "llm_calls": 1, "models": ["m"]}


def test_work_that_ends_after_its_run_is_in_the_recorders_totals(sink):
    with steplog.Recorder(sink=sink) as recorder:
        run = recorder.run("r").__enter__()
        call = run.llm("m").__enter__()
        run.__exit__(None, None, None)  # takes the call along
        call.set(usage={"input_tokens": 3})
        call.__exit__(None, None, None)
        with run.tool("late"):
            pass
        assert run.totals == {"steps": 2, "llm_calls": 1, "tool_calls": 1, "input_tokens": 3, "models": ["m"]}
        assert recorder.totals == run.totals
    ends = [(r["ev"], r.get("implied")) for r in sink.records if r["ev"].endswith(".end")]
    assert ends == [("llm.end", True), ("run.end", None), ("llm.end", None), ("tool.end", None)]


def test_the_totals_of_all_runs_are_those_of_each_also_when_their_own_are_forgotten(sink):
    with steplog.Recorder(sink=sink) as recorder:
        for _ in range(300):
            with recorder.run("r") as run, run.llm("m") as call:
                call.set(usage={"output_tokens": 2})
        assert recorder.totals == {"steps": 300, "llm_calls": 300, "output_tokens": 600, "models": ["m"]}
        assert run.totals == {"steps": 1, "llm_calls": 1, "output_tokens": 2, "models": ["m"]}


def test_a_failure_is_counted_where_it_begins_and_once(sink):
    with steplog.Recorder(sink=sink) as recorder:
        with pytest.raises(ValueError, match="no"), recorder.run("r") as run, run.node("n") as n, n.tool("t"):
            raise ValueError("no")
        with recorder.run("said") as said, said.tool("t") as call:
            call.set(status="error")
        with pytest.raises(ValueError, match="of its own"), recorder.llm("m"):
            raise ValueError("of its own")
        assert (run.totals["errors"], said.totals["errors"], recorder.totals["errors"]) == (1, 1, 3)
    ends = [r for r in sink.records if r["ev"] == "run.end"]
    assert [r["totals"]["errors"] for r in ends] == [1, 1, 1]


def test_a_run_of_many_steps_keeps_no_list_of_them(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for _ in range(2500):
            with run.node("n"):
                pass
        state = next(iter(recorder._steps._runs.open.values()))
        assert len(state.totals._happened) <= 1000
        assert run.totals == {"steps": 2500}
