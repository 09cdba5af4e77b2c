"""What ends an agent that goes on for ever: with an error, with an answer, or as the program likes."""

import pytest
from rule_model import RuleModel
from shop_agent import ask, build

import steplog

REFUND = "Please refund order A-17."


def test_a_loop_is_ended(steplog_run):
    with steplog.guard(), pytest.raises(steplog.BudgetExceeded, match="find_order 3 times in a row"):
        ask(build(RuleModel(stubborn=True)), REFUND)
    assert steplog_run.tools == ["find_order"] * 3


def test_a_loop_is_ended_with_an_answer(steplog_run):
    with steplog.guard(max_tokens=200, loops=None, then="wrap_up"):
        answer = ask(build(RuleModel(stubborn=True)), REFUND)
    assert answer.startswith("I could not finish this; so far: ")
    steplog_run.expect.no_errors().at_most(tokens=400)


def test_a_run_within_its_limits_does_not_notice(steplog_run):
    with steplog.guard(max_tokens=1000, max_steps=20, max_seconds=60):
        ask(build(RuleModel()), REFUND)
    steplog_run.expect.called("refund").no_errors()
