"""What a part of a run took with everything below it, and a run told within a budget."""

import contextlib

import pytest

import steplog
from steplog import ask
from steplog._show.quoted import tokens_in


@pytest.fixture
def run(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, contextlib.suppress(ValueError):
        with recorder.run("r", input="Please do it") as run:
            for _ in range(2):
                with run.tool("delegate") as tool, tool.agent("analyst") as agent:
                    with agent.llm(model="gpt-4o", provider="openai") as call:
                        call.set(usage={"input_tokens": 1_000, "output_tokens": 100})
                    with agent.agent("analyst") as inner, inner.tool("search"):
                        pass
                with run.node("note", input="x" * 300):
                    pass
            for number in range(40):
                with run.tool("read", args={"page": number, "text": "y" * 200}):
                    pass
            with run.tool("pay", args={"order": 1017}):
                raise ValueError("order was refused")
    return steplog.read(tmp_path / "log").run("@last")


def test_an_agent_counts_with_everything_below_it_and_one_inside_itself_once(run):
    found = ask.totals_below(ask.roots_of(run, agent="analyst"))
    assert found.roots == (2, 8)
    assert found.totals == {
        "steps": 8, "llm_calls": 2, "tool_calls": 2, "input_tokens": 2_000, "output_tokens": 200, "models": ["gpt-4o"],
    }  # fmt: skip
    pytest.importorskip("genai_prices")
    assert float(found.cost) == pytest.approx(2 * (1_000 * 2.5e-6 + 100 * 10e-6))


def test_tools_and_nodes_too_and_what_is_not_there_is_said(run):
    assert ask.totals_below(ask.roots_of(run, tool="delegate")).totals["steps"] == 10
    assert ask.roots_of(run, node="note")
    with pytest.raises(steplog.NotFound, match="has no agent 'x': there are analyst"):
        ask.roots_of(run, agent="x")


@pytest.mark.parametrize("budget", [200, 300, 500, 1_000, 2_000])
def test_a_run_is_told_within_its_budget_and_what_explains_the_failure_is_in_it(run, budget):
    text = ask.told(run, budget)
    assert tokens_in(text) <= budget
    assert "order was refused" in text
    assert '{"order": 1017}' in text
    assert ("more lines left out: steplog show" in text) == (budget < 1_000)


def test_with_room_for_all_nothing_is_left_out(run):
    text = ask.told(run, 100_000)
    assert "left out" not in text
    assert "read" in text


def test_the_data_of_a_run_and_of_a_step_have_every_reference_followed(run):
    data = ask.run_data(run)
    assert data["input"] == "Please do it"
    assert len(data["steps"]) == len(run.steps)
    assert ask.step_data(run.step(1))["kind"] == "tool"
