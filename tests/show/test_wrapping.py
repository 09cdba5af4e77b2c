"""80 columns hold: no line of a run's picture is wider, whatever the run is like, but for what is there to be copied."""

from __future__ import annotations

import pytest

import steplog
from steplog._show.look import PLAIN
from steplog._show.run_tree import run_lines
from steplog._show.step_page import step_lines
from steplog._show.terminal_text import cells_of
from steplog._show.wrapping import prose

LONG = "a long word and another one, " * 12
ID = "3f0c8f6e-9d0a-4a52-8a55-0123456789ab"


@pytest.fixture
def run(tmp_path):
    """A run with everything that makes lines long: depth, failures, names, shares, models, what it belongs to."""
    with steplog.Recorder(tmp_path / "log") as recorder:
        with recorder.run(
            LONG, input=LONG, thread=ID, resumes="0" * 16, parent_run="1" * 16, parent_step=1234
        ) as run:
            place = run
            for depth in range(14):
                place = place.agent(f"agent of depth {depth} with a long name").__enter__()
                with place.llm(
                    model=f"model-of-a-provider-{depth}", messages=[{"role": "user", "content": LONG}]
                ) as call:
                    usage = {
                        "input_tokens": 123_456,
                        "output_tokens": 9_999,
                        "cache_read_tokens": 60_000,
                        "reasoning_tokens": 99,
                    }
                    call.set(
                        message={"role": "assistant", "content": LONG},
                        usage=usage,
                        finish_reason="MALFORMED_FUNCTION_CALL",
                    )
                for attempt in (1, 2):
                    try:
                        with place.tool(
                            "a_tool_with_a_long_name", args={"q": LONG}, call_id="c", attempt=attempt
                        ) as tool:
                            if attempt == 1:
                                raise ValueError(LONG)
                            tool.set(result=LONG)
                    except ValueError:
                        pass
            place.tool("never_ends", args={"query": LONG}).__enter__()
            yield steplog.read(tmp_path / "log").run("@last")


@pytest.mark.parametrize("columns", [60, 72, 80, 99])
def test_no_line_of_the_tree_is_wider_than_the_terminal(run, columns):
    lines = list(run_lines(run, PLAIN._replace(columns=columns)))
    assert [line for line in lines if cells_of(line) > columns] == []
    told = " ".join(" ".join(lines).split())
    for said in (
        ID,
        f"resumes {'0' * 16}",
        f"part of run {'1' * 16} step 1234",
        "model-of-a-provider-13",
        "never_ends",
    ):
        assert said in told


def test_the_head_of_a_steps_page_keeps_within_the_terminal_too(run):
    head = list(step_lines(run.steps[0], PLAIN._replace(columns=80), run))[:3]
    assert [line for line in head if cells_of(line) > 80] == []


def test_where_lines_may_be_longer_nothing_is_broken():
    assert list(prose(LONG, PLAIN)) == [LONG]
    assert len(list(prose(LONG, PLAIN._replace(columns=80)))) == 5
