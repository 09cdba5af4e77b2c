"""What a run must have done. `steplog_run` records what the test runs; each sentence holds, or fails with the run's tree."""

import asyncio

import pytest
from rule_model import RuleModel
from shop_agent import ask, build, shipping

REFUND = "Please refund order A-17."


@pytest.fixture
def agent():
    return build(RuleModel())


def test_a_refund_looks_the_order_up_first(agent, steplog_run):
    ask(agent, REFUND)
    assert steplog_run.tools == ["find_order", "refund"]


def test_a_refund_is_of_what_was_paid(agent, steplog_run):
    ask(agent, REFUND)
    steplog_run.expect.called("refund", number="A-17", cents=1250)


def test_a_refund_is_never_above_the_limit(agent, steplog_run):
    ask(agent, "Please refund order A-18.")
    steplog_run.expect.called("find_order").never_called("refund")


def test_a_question_pays_nothing_back(agent, steplog_run):
    ask(agent, "Where is order A-17?")
    steplog_run.expect.never_called("refund", "shipping").in_order("find_order")


def test_an_argument_may_be_checked_by_a_function(agent, steplog_run):
    ask(agent, REFUND)
    steplog_run.expect.called("refund", cents=lambda cents: 0 < cents <= 10_000)


def test_without_a_number_it_asks_back(agent, steplog_run):
    ask(agent, "I want my money back!")
    assert steplog_run.tools == []
    steplog_run.expect.answered_like("Which order is it?", at_least=0.4)


def test_nothing_fails_and_nothing_is_dear(agent, steplog_run):
    ask(agent, REFUND)
    steplog_run.expect.no_errors().at_most(tokens=300, steps=12, seconds=20)


def test_an_agent_that_is_awaited_is_recorded_as_well(agent, steplog_run):
    asyncio.run(agent.ainvoke({"messages": [("user", REFUND)]}))
    steplog_run.expect.called("refund").answered_like("Refunded 12.50 for order A-17")


def test_two_turns_are_two_runs(agent, steplog_run):
    ask(agent, "Where is order A-17?")
    ask(agent, REFUND)
    assert [run.tools for run in steplog_run.runs] == [["find_order"], ["find_order", "refund"]]


def test_a_tool_alone_is_a_run_too(steplog_run):
    shipping.invoke({"country": "AT"})
    steplog_run.expect.called("shipping", country="AT")
