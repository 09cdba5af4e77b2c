"""A project's test of its agent."""

import os
from importlib import import_module


def test_the_agent_knows_how_much_six_times_seven_is():
    assert import_module(os.environ["AGENT"]).agent() == 42
