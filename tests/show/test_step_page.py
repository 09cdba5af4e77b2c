"""A step's page leads with what came of it; what a model could have called is named, and shown where it is asked for."""

import contextlib

import steplog
from steplog._show.look import PLAIN
from steplog._show.run_tree import run_lines
from steplog._show.step_page import step_lines
from steplog._show.terminal_text import cells_of

SCHEMA = {"name": "search", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}


def asked(tmp_path):
    messages = [
        {"role": "user", "content": "first question"},
        {"role": "assistant", "content": "first answer"},
        {"role": "user", "content": "second question"},
    ]
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        with run.llm(model="m", messages=messages, tools=["search"], tool_defs=[SCHEMA]) as step:
            step.set(message={"role": "assistant", "content": "second answer"}, usage={"input_tokens": 3})
    return steplog.read(tmp_path / "log").run("@last").step(1)


def test_the_answer_comes_first_then_what_was_new_in_the_prompt_then_the_rest(tmp_path):
    page = "\n".join(step_lines(asked(tmp_path)))
    places = [
        page.index(words)
        for words in ("second answer", "second question", "tool_defs", "first question", "first answer")
    ]
    assert places == sorted(places)
    assert "prompt: 3 messages, 1 since the last answer" in page


def test_tools_are_named_and_their_schemas_shown_where_they_are_asked_for(tmp_path):
    step = asked(tmp_path)
    page = "\n".join(step_lines(step))
    assert "tool_defs: search  (--tools shows them whole)" in page
    assert "properties" not in page
    assert '"properties"' in "\n".join(step_lines(step, tools=True))


def test_where_the_cause_of_an_error_was_raised_stays_within_the_columns(tmp_path):
    def a_function_with_quite_a_long_name_that_raises_and_is_told_with_its_place():
        raise KeyError("behind it")

    with (
        steplog.Recorder(tmp_path / "log") as recorder,
        contextlib.suppress(ValueError),
        recorder.run("r") as run,
        run.node("n") as node,
        node.tool("t"),
    ):
        try:
            a_function_with_quite_a_long_name_that_raises_and_is_told_with_its_place()
        except KeyError:
            raise ValueError("it broke")  # noqa: B904 - a context, not a cause
    lines = list(run_lines(steplog.read(tmp_path / "log").run("@last"), PLAIN._replace(columns=80)))
    assert any("while handling KeyError" in line for line in lines)
    assert max(map(cells_of, lines)) <= 80
