"""A recorded run as an offline test: `ReplayModel` answers as the model did, and no call leaves this machine."""

from pathlib import Path

import pytest
from shop_agent import PROMPT, ask, build, find_order, refund, shipping

import steplog
from langchain_steplog import ReplayModel, replay_agent
from steplog.testing import PromptChanged

RECORDED = Path(__file__).parent / "recorded" / "refund.jsonl"
REFUND = "Please refund order A-17."


@pytest.fixture
def run():
    return steplog.read(RECORDED).runs[-1]


def test_the_recorded_run_passes_as_it_stands(run, steplog_run):
    replay_agent(run).invoke({"messages": [("user", REFUND)]})
    steplog_run.expect.same_as(run)


def test_our_agent_still_does_the_same(run, steplog_run):
    ask(build(ReplayModel(run)), REFUND)
    steplog_run.expect.same_as(run)


def test_its_tools_need_not_run_either(run):
    model = ReplayModel(run, tools="recorded")
    assert (
        ask(build(model, model.replayed([find_order, refund, shipping])), REFUND)
        == "refunded 12.50 for order A-17"
    )
    assert model.left == 0


def test_a_changed_prompt_fails_with_the_difference(run):
    with pytest.raises(
        PromptChanged, match=r"message 1 \(system\) was .*Refund at most 100.* and is .*Refund at most 10\."
    ):
        ask(build(ReplayModel(run), prompt=PROMPT.replace("100.00", "10.00")), REFUND)


def test_another_question_fails_with_the_difference(run):
    with pytest.raises(PromptChanged, match=r"message 2 \(user\) was .*A-17.* and is .*A-18"):
        ask(build(ReplayModel(run)), "Please refund order A-18.")
