"""Which steps are drawn: middleware around nothing is left out, and a reader can ask for the calls or a few levels alone."""

from __future__ import annotations

import pytest

import steplog
from steplog._show.run_tree import Part, run_lines


@pytest.fixture
def log(tmp_path):
    """A run with hooks of middleware, one of which changed something and one of which failed."""
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        with run.node("Todo.before_agent"):
            pass
        with run.node("Trim.before_model") as node:
            node.set(output={"messages": [{"role": "user", "content": "shorter"}]})
        with run.node("model") as node, node.llm(model="m") as call:
            call.set(usage={"input_tokens": 1, "output_tokens": 1})
        try:
            with run.node("Guard.after_model"):
                raise ValueError("no")
        except ValueError:
            pass
        with run.node("tools") as node, node.tool("ask") as tool, tool.agent("inner") as inner:
            with inner.node("Todo.before_agent"):
                pass
            with inner.node("model") as deep, deep.llm(model="m") as call:
                call.set(usage={"input_tokens": 1, "output_tokens": 1})
    return tmp_path / "log"


def shown(desk, log, *options):
    lines = desk.steplog("show", "@last", *options, "-p", str(log)).stdout.decode().splitlines()
    return [line.replace("├", "└").replace("│", " ") for line in lines if line.strip()[:1].isdecimal()]


def test_middleware_around_nothing_is_left_out_and_counted(log):
    run = steplog.read(log).run("@last")
    tree = str(run)
    assert "Todo.before_agent" not in tree
    assert "2 steps of middleware around nothing not drawn (--full)" in tree
    assert "node Trim.before_model" in tree
    assert "node Guard.after_model" in tree
    assert "\n".join(run_lines(run, part=Part(fold=False))).count("Todo.before_agent") == 2


def test_full_draws_it(log, desk):
    assert sum("Todo.before_agent" in line for line in shown(desk, log, "--full")) == 2


def test_calls_are_drawn_without_the_nodes_around_them(log, desk):
    kinds = [line.split("└─ ")[1].split()[0] for line in shown(desk, log, "--calls")]
    assert kinds == ["llm", "tool", "agent", "llm"]


def test_depth_leaves_out_what_is_deeper(log, desk):
    assert not [line for line in shown(desk, log, "--depth", "1") if "llm" in line]
    kinds = [line.split("└─ ")[1].split()[0] for line in shown(desk, log, "--calls", "--depth", "2")]
    assert kinds == ["llm", "tool", "agent"]
