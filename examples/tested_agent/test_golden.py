"""The whole run, compared with the one in `golden/`: `pytest --steplog-update` writes it anew, and a review shows what changed."""

from rule_model import RuleModel
from shop_agent import ask, build


def test_the_refund_is_what_it_was(steplog_run):
    ask(build(RuleModel()), "Please refund order A-17.")
    steplog_run.matches_golden()


def test_what_is_too_much_is_what_it_was(steplog_run):
    ask(build(RuleModel()), "Please refund order A-18.")
    steplog_run.matches_golden("too_much")
