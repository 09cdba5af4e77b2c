"""A guard counts what the recorder counts, says a word at 80 %, and keeps the next call from being made."""

import asyncio
import contextvars
import pickle
import subprocess
import sys
import threading

import pytest

import steplog
from steplog.integration import WATCH

USAGE = {"input_tokens": 80, "output_tokens": 20}


@pytest.fixture
def recorder(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        yield recorder


def ask(run, usage=USAGE, model="gpt-4o"):
    with run.llm(model, provider="openai", messages=[{"role": "user", "content": "hi"}]) as call:
        call.set(message="hello", usage=usage)


def use(run, **args):
    with run.tool("search", args=args) as call:
        call.set(result="42 hits")


def turns(recorder, most=100, name="loop", **fields):
    """A run of a model and a tool by turns; how many calls were made until it was stopped, and by what."""
    made = 0
    try:
        with recorder.run(name, **fields) as run:
            for turn in range(most):
                ask(run)
                made += 1
                use(run, turn=turn)
                made += 1
    except steplog.BudgetExceeded as exceeded:
        return made, exceeded
    return made, None


def told(run):
    return [
        (step.field("data")["limit"], step.field("data")["then"])
        for step in run.steps
        if step.name == "steplog.guard"
    ]


@pytest.mark.parametrize(
    ("limit", "made", "words"),
    [
        ({"max_tokens": 300}, 5, "has used 300 of 300 tokens (max_tokens)"),
        ({"max_steps": 6}, 6, "has used 6 of 6 steps (max_steps)"),
        ({"max_cost": 0.001}, 5, "(max_cost)"),  # 0.0004 USD a call
        ({"max_seconds": 0.000001}, 0, "(max_seconds)"),
    ],
)
def test_a_limit_stops_a_run_at_the_next_call(recorder, limit, made, words):
    if "max_cost" in limit:
        pytest.importorskip("genai_prices")
    with steplog.guard(**limit):
        done, exceeded = turns(recorder)
    assert (done, words in str(exceeded)) == (made, True)
    assert exceeded.limit == next(iter(limit))
    run = recorder.runs[-1]
    assert exceeded.run == run.id
    assert run.error["type"] == "BudgetExceeded"
    assert told(run)[-1] == (exceeded.limit, "raise")
    assert run.totals["llm_calls"] + run.totals.get("tool_calls", 0) == made if made else True


def test_at_80_percent_there_is_a_word_in_the_log_and_on_stderr(recorder, capsys):
    with steplog.guard(max_tokens=500):
        turns(recorder, most=4)
    run = recorder.runs[-1]
    assert told(run) == [("max_tokens", "near")]
    assert f"steplog: guard: run {run.id[:8]} (loop) has used 400 of 500 tokens" in capsys.readouterr().err


def test_what_the_guard_says_is_no_step_of_the_run(recorder):
    with steplog.guard(max_steps=10):
        assert turns(recorder)[0] == 10


def test_a_call_that_is_under_way_is_not_stopped(recorder):
    with steplog.guard(max_tokens=50), recorder.run("one") as run:
        with run.llm("gpt-4o") as call:
            call.set(message="a very long answer", usage={"input_tokens": 1000, "output_tokens": 1000})
            call.custom("still", 1)
        with pytest.raises(steplog.BudgetExceeded):
            ask(run)
    first = recorder.runs[-1].step(1)
    assert (first.status, first.usage["input_tokens"]) == ("ok", 1000)


def test_the_same_call_three_times_in_a_row_is_a_loop(recorder):
    def run_in_circles():
        with recorder.run("loop") as run:
            for turn in (1, 1, 2, 1, 1, 1, 1):
                use(run, turn=turn)

    with (
        steplog.guard(),
        pytest.raises(steplog.BudgetExceeded, match="has called search 3 times in a row") as stopped,
    ):
        run_in_circles()
    assert stopped.value.limit == "loops"
    assert recorder.runs[-1].totals["tool_calls"] == 6
    with steplog.guard(loops=None):
        with recorder.run("loop") as run:
            for _ in range(10):
                use(run)


def test_agents_inside_of_a_run_count_with_it_and_loop_for_themselves(recorder):
    with steplog.guard(max_tokens=300, loops=2), recorder.run("outer") as run:
        use(run, q=1)
        with run.agent("inner") as inner:
            use(inner, q=1)  # another agent's first call
            for _ in range(3):
                ask(inner)
            with pytest.raises(steplog.BudgetExceeded, match="300 of 300 tokens"):
                ask(inner)
        with pytest.raises(steplog.BudgetExceeded):
            use(run, q=2)


def test_a_run_inside_of_a_run_counts_with_it(recorder):
    with steplog.guard(max_tokens=300), recorder.run("outer") as run:
        ask(run)
        assert turns(recorder, name="inner")[0] == 3
        with pytest.raises(steplog.BudgetExceeded):
            ask(run)


def test_wrapping_up_lets_each_agent_answer_once(recorder):
    with steplog.guard(max_steps=4, then="wrap_up"), recorder.run("outer") as run:
        with run.agent("inner") as inner:
            ask(inner)
            assert not inner.over_budget
            use(inner, q=1)
            use(inner, q=2)
            assert inner.over_budget.startswith("The budget of this run is used up: run ")
            with pytest.raises(steplog.BudgetExceeded):
                use(inner, q=3)
            ask(inner)
            assert not inner.over_budget
            with pytest.raises(steplog.BudgetExceeded):
                ask(inner)
        ask(run)
        with pytest.raises(steplog.BudgetExceeded):
            ask(run)
    assert recorder.runs[-1].status == "ok"


def test_a_function_decides(recorder):
    asked = []

    def then(exceeded):
        asked.append(exceeded.limit)
        return None if exceeded.limit == "max_steps" else "raise"

    with steplog.guard(max_steps=2, max_tokens=500, then=then):
        made, exceeded = turns(recorder)
    assert (asked, exceeded.limit, made) == (["max_steps", "max_tokens"], "max_tokens", 9)
    assert ("max_steps", "waived") in told(recorder.runs[-1])

    def raises(exceeded):
        raise KeyError("mine")

    with steplog.guard(max_steps=2, then=raises), pytest.raises(KeyError, match="mine"):
        turns(recorder)


def test_a_function_that_answers_nonsense_stops_the_run(recorder, capsys):
    with steplog.guard(max_steps=2, then=lambda _: "perhaps"):
        assert turns(recorder)[0] == 2
    assert "then() gave 'perhaps'; it must give 'raise', 'wrap_up' or None" in capsys.readouterr().err


def test_each_run_has_a_budget_of_its_own_unless_it_is_the_threads(recorder):
    with steplog.guard(max_steps=6):
        assert [turns(recorder, most=2, thread="t")[0] for _ in range(3)] == [4, 4, 4]
    with steplog.guard(max_steps=6, per="thread"):
        assert [turns(recorder, most=2, thread="new")[0] for _ in range(3)] == [4, 2, 0]
        assert turns(recorder, most=2, thread="another")[0] == 4
        assert turns(recorder, most=2)[0] == 4


def test_a_thread_that_was_answered_once_gets_no_more_answers(recorder):
    with steplog.guard(max_steps=2, per="thread", then="wrap_up"):
        with recorder.run("first", thread="t") as run:
            ask(run)
            use(run, q=1)
            ask(run)
        with recorder.run("second", thread="t") as run, pytest.raises(steplog.BudgetExceeded):
            ask(run)


EARLIER = """
import steplog, sys
with steplog.Recorder(sys.argv[1]) as recorder, recorder.run("yesterday", thread="t") as run:
    for turn in range(2):
        with run.llm("gpt-4o", provider="openai") as call:
            call.set(message="hello", usage={"input_tokens": 80, "output_tokens": 20})
"""


def test_what_an_earlier_process_left_in_the_log_counts_for_the_thread(recorder, tmp_path):
    subprocess.run([sys.executable, "-c", EARLIER, str(tmp_path / "log")], check=True)
    with steplog.guard(max_tokens=300, per="thread"):
        made, exceeded = turns(recorder, thread="t")
    assert (made, exceeded.spent) == (1, 300)
    with steplog.guard(max_tokens=300):
        assert turns(recorder, thread="t")[0] == 5


def test_a_block_guards_the_runs_that_begin_in_it_and_no_others(recorder):
    outside = contextvars.copy_context()
    with steplog.guard(max_steps=2):
        assert turns(recorder)[0] == 2
        assert outside.run(turns, recorder, 3)[0] == 6
        with steplog.guard(max_steps=4):
            assert turns(recorder)[0] == 4
        assert turns(recorder)[0] == 2
    assert turns(recorder, most=3)[0] == 6


def test_without_a_block_it_is_for_all_threads_until_it_is_closed(recorder):
    guard = steplog.guard(max_steps=2)
    made = []
    thread = threading.Thread(target=lambda: made.append(turns(recorder)[0]))
    thread.start()
    thread.join()
    guard.close()
    guard.close()
    assert made == [2]
    assert turns(recorder, most=3)[0] == 6


def test_tasks_side_by_side_share_the_budget_of_their_run(recorder):
    async def main():
        async def worker(run, number):
            for turn in range(10):
                async with run.tool("search", args={"turn": turn, "n": number}):
                    await asyncio.sleep(0)

        async with recorder.run("gathered") as run:
            return await asyncio.gather(*(worker(run, n) for n in range(4)), return_exceptions=True)

    with steplog.guard(max_steps=12):
        results = asyncio.run(main())
    assert [type(result) for result in results] == [steplog.BudgetExceeded] * 4
    assert recorder.runs[-1].totals["tool_calls"] == 12


def test_decorated_functions_are_not_called(recorder):
    called = []

    @recorder.tool
    def search(q):
        called.append(q)

    @recorder.run
    def job():
        for n in range(5):
            search(n)

    with steplog.guard(max_steps=2), pytest.raises(steplog.BudgetExceeded):
        job()
    assert called == [0, 1]


def test_it_is_off_by_default_and_again_when_it_is_closed(recorder):
    assert WATCH.guards is None
    with steplog.guard(max_steps=1):
        assert WATCH.guards is not None
    assert WATCH.guards is None


def test_a_call_without_a_price_is_named_once(recorder, capsys):
    pytest.importorskip("genai_prices")
    with steplog.guard(max_cost=1), recorder.run("own") as run:
        ask(run, model="house-model")
        ask(run, model="house-model")
    assert capsys.readouterr().err.count("max_cost does not see the calls of house-model") == 1


def test_a_block_in_which_nothing_was_recorded_says_so(capsys):
    with steplog.guard(max_steps=1):
        pass
    assert "no run was recorded in the block, so none was guarded" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_tokens": 0}, "max_tokens must be a number above 0, or None; it is 0"),
        ({"max_cost": "1"}, "max_cost must be a number above 0"),
        ({"loops": 1}, "loops must be a whole number from 2 on"),
        ({"per": "day"}, "per must be 'run' or 'thread'; it is 'day'"),
        ({"then": "stop"}, "then must be 'raise', 'wrap_up' or a function; it is 'stop'"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(given, words):
    with pytest.raises(steplog.SettingsError, match=words):
        steplog.guard(**given)
    assert WATCH.guards is None


def test_the_error_travels_between_processes():
    error = steplog.BudgetExceeded("run x has used 2 of 1 steps", "max_steps", 2, 1, "ab")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.limit, again.spent, again.allowed, again.run) == error.facts
