"""Rows say what was asked and what came of it, never plumbing."""

import pytest

import steplog
from steplog._show.preview import brief, entered, left


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            {
                "graph": "__parent__",
                "goto": "maths",
                "update": {"messages": [{"role": "tool", "content": "over"}]},
            },
            "hands over to maths: over",
        ),
        ({"goto": ["a", "b"]}, "goes on at a, b"),
        ({"resume": "yes"}, "answers yes"),
        ({"update": {"n": 1}}, '{"update": {"n": 1}}'),
    ],
)
def test_a_command_says_what_it_does(command, words):
    assert brief(command) == words


@pytest.fixture
def run(tmp_path):
    """A node around a model call, with an agent in it."""
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run, run.node("n") as node:
        with node.agent("helper") as agent:
            asked = [{"role": "user", "content": "count"}, {"role": "assistant", "content": "I will"}]
            with agent.llm("m", messages=asked) as call:
                call.set(message={"role": "assistant", "content": "three"})
            agent.set(output="three")
        node.set(output={"messages": [{"role": "assistant", "content": "three"}]})
    return steplog.read(tmp_path / "log").run("@last")


def test_an_agents_row_is_its_task_and_its_answer(run):
    agent = next(step for step in run.steps if step.kind == "agent")
    assert (entered(agent), left(agent)) == ("count", "three")


def test_a_node_that_hands_on_what_was_said_in_it_does_not_repeat_it(run):
    assert left(run.children[0]) == ""


def test_a_node_that_says_something_of_its_own_is_shown(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run, run.node("n") as node:
        with node.llm("m", messages=[{"role": "user", "content": "q"}]) as call:
            call.set(message={"role": "assistant", "content": "a"})
        node.set(output="b")
    assert left(steplog.read(tmp_path / "log").run("@last").children[0]) == "b"
