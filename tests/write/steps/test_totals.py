"""What a run adds up to: each count once, whatever threads do, and work that ends after its run included."""

import sys
import threading

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


def test_a_lock_that_was_left_taken_holds_nobody_up_for_long():
    totals = RunTotals()
    totals.count("tool")
    threading.Thread(target=totals._lock.acquire).start()
    in_threads(lambda: [totals.add_call({"input_tokens": 1}, "m"), totals.as_dict()], 4)
    whole = RunTotals()
    whole.add(totals)


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
