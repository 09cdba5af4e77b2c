"""The page's query line and the command line's mean the same: both are tested on the cases of page/tests/query.json."""

import contextlib
import json
from datetime import datetime
from pathlib import Path

import pytest

import steplog
from steplog._ask.find import find
from steplog._ask.moments import moment_meant
from steplog._ask.query import WORDS, QueryError, parse
from steplog._view.data import row_of

CASES = json.loads((Path(__file__).parents[2] / "page/tests/query.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The runs that the cases tell of, recorded."""
    path = tmp_path_factory.mktemp("query") / "logs"
    with steplog.Recorder(path) as recorder:
        labels = {"user": "u-17", "n": 3}
        with recorder.run(
            "Support", input="Where is my order?", thread="t1", tags=["prod"], metadata=labels
        ) as run:
            with run.llm(model="gpt-4o", provider="openai") as call:
                call.set(usage={"input_tokens": 10_000, "output_tokens": 20}, finish_reason="max_tokens")
            with run.tool("search", args={"q": "order"}):
                pass
        with (
            contextlib.suppress(ValueError),
            recorder.run("support", thread="t12", metadata={"user": "u-2"}) as run,
        ):
            with run.llm(model="claude-sonnet-4-5", provider="anthropic") as call:
                call.set(usage={"input_tokens": 5, "output_tokens": 5}, finish_reason="end_turn")
            with run.tool("search_web"):
                pass
            with run.tool("refund", args={"order": 1017}):
                raise ValueError("quota exceeded")
        with recorder.run("report", tags=["dev"]) as run, run.tool("refund"):
            pass
    for run in steplog.read(path).runs:
        for label in CASES["labels"].get(run.name, ()):
            run.note(labels=[label])
    return steplog.read(path)


def test_the_words_are_those_of_the_page():
    assert sorted(WORDS) == sorted(CASES["words"])


@pytest.mark.parametrize(("line", "meant"), CASES["meant"])
def test_a_line_means_what_it_means_on_the_page(line, meant):
    assert json.loads(json.dumps(parse(line).as_json())) == meant


@pytest.mark.parametrize("line", CASES["wrong"])
def test_a_line_that_the_page_refuses_is_refused(line):
    with pytest.raises(QueryError):
        parse(line)


@pytest.mark.parametrize(("text", "at"), CASES["moments"])
def test_a_time_is_the_same_time(text, at):
    assert moment_meant(text, datetime.fromisoformat(CASES["now"])) == datetime.fromisoformat(at)


@pytest.mark.parametrize(("line", "names"), CASES["fits"])
def test_a_line_finds_the_runs_that_it_finds_on_the_page(log, line, names):
    assert [run.name for run in find(log, parse(line))] == names


def test_the_rows_that_the_page_looks_at_hold_what_its_cases_say(log):
    rows = [row_of(run) for run in log.runs]
    assert [
        {name: row.get(name) for name in told} for row, told in zip(rows, CASES["runs"], strict=True)
    ] == CASES["runs"]
    sought = {"tags", "meta", "finish", "failed", "fails"}
    assert [sought & row.keys() for row in rows] == [sought & told.keys() for told in CASES["runs"]]
