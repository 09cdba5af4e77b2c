"""What a test demands of a run holds or fails with the run's tree, the place marked."""

import pytest

import steplog
from steplog.testing import expect


@pytest.fixture
def run(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("trip", input="Danube?") as run:
        for turn, (tool, args) in enumerate(
            [("search", {"q": "Danube", "n": 3}), ("calculate", {"e": "6*7"})]
        ):
            with run.llm(
                "gpt-4o", provider="openai", messages=[{"role": "user", "content": f"turn {turn}"}]
            ) as call:
                call.set(message="wait", usage={"input_tokens": 100, "output_tokens": 10})
            with run.tool(tool, args=args) as call:
                call.set(result="42")
        run.set(output="It takes 42 days.")
    return recorder.runs[-1]


@pytest.fixture
def failing(tmp_path):
    with steplog.Recorder(tmp_path / "failing") as recorder:
        with pytest.raises(ValueError, match="no route"), recorder.run("trip") as run:
            with run.tool("search", args={"q": "Danube"}):
                raise ValueError("no route")
    return recorder.runs[-1]


def words_of(demand):
    with pytest.raises(AssertionError) as failed:
        demand()
    return str(failed.value)


def marked(words):
    return [line.split("─ ")[-1].split("  ")[0] for line in words.splitlines() if line.startswith(">")]


def test_what_holds_can_be_chained(run):
    expect(run).called("search", q="Danube").called("search", n=lambda n: n > 2).called(
        "calculate"
    ).never_called("delete").in_order("search", "calculate").no_errors().at_most(
        tokens=220, steps=4, seconds=60, cost=1
    ).answered_like("it takes 42 days!")


def test_a_run_names_its_tools(run):
    assert run.tools == ["search", "calculate"]


def test_a_call_with_other_arguments_is_marked(run):
    words = words_of(lambda: expect(run).called("search", q="Rhine"))
    assert words.startswith("search was never called with q='Rhine'\n  run ")
    assert marked(words) == ["tool search"]


def test_a_call_that_is_not_there_is_said_at_the_end(run):
    words = words_of(lambda: expect(run).called("delete", id=1))
    assert words.splitlines()[-1] == "> no call of delete with id=1"


def test_a_call_that_should_not_be_there_is_marked(run):
    assert marked(words_of(lambda: expect(run).never_called("delete", "calculate"))) == ["tool calculate"]


def test_another_order_says_what_is_missing_after_what(run):
    words = words_of(lambda: expect(run).in_order("calculate", "search"))
    assert "no call of search after calculate (step 4)" in words
    assert marked(words)[0] == "tool calculate"


def test_errors_are_marked_where_they_began(failing):
    words = words_of(lambda: expect(failing).no_errors())
    assert words.startswith("1 step failed: tool search (step 1): ValueError: no route")
    assert marked(words) == ["tool search"]


@pytest.mark.parametrize(
    ("limit", "said", "place"),
    [
        ({"tokens": 150}, "220 tokens, at most 150 were wanted, more than that from step 3 on", "llm gpt-4o"),
        ({"steps": 3}, "4 steps, at most 3 were wanted, more than that from step 4 on", "tool calculate"),
        ({"cost": 0.0001}, "US dollars, at most 0.0001 were wanted", "llm gpt-4o"),
        ({"seconds": 0}, "seconds, at most 0 were wanted", "llm gpt-4o"),
    ],
)
def test_a_limit_is_passed_at_a_step(run, limit, said, place):
    if "cost" in limit:
        pytest.importorskip("genai_prices")
    words = words_of(lambda: expect(run).at_most(**limit))
    assert said in words
    assert marked(words) == [place]


def test_a_cost_that_nobody_knows_is_no_cost_of_zero(failing, tmp_path):
    with (
        steplog.Recorder(tmp_path / "own") as recorder,
        recorder.run("x") as run,
        run.llm("house-model") as call,
    ):
        call.set(message="hi", usage={"input_tokens": 1, "output_tokens": 1})
    assert "the cost is not known: no price for 1 call of house-model" in words_of(
        lambda: expect(recorder.runs[-1]).at_most(cost=1)
    )


def test_another_answer_is_shown_beside_the_wanted_one(run):
    words = words_of(lambda: expect(run).answered_like("It takes 63 days."))
    assert "  wanted: It takes 63 days.\n  given:  It takes 42 days." in words
    expect(run).answered_like("It takes 63 days.", at_least=0.7)
    expect(run).answered_like(run)


def test_a_run_that_did_something_else_is_told_as_diff_tells_it(run, failing):
    expect(run).same_as(run)
    words = words_of(lambda: expect(failing).same_as(run))
    assert "first difference: " in words
    assert "A: the reference, B: this run" in words


def test_of_a_long_run_only_what_is_around_the_place_is_shown(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("long") as run:
        for number in range(400):
            with run.tool("search" if number != 200 else "delete"):
                pass
    words = words_of(lambda: expect(recorder.runs[-1]).never_called("delete"))
    assert marked(words) == ["tool delete"]
    assert "more lines" in words
    assert len(words.splitlines()) < 80
