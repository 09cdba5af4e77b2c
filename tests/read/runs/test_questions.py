"""A run that stands at a question is interrupted, however its stream was left, and says where it goes on."""

import pytest
from click.testing import CliRunner

import steplog
from sample_log import RUN, Lines
from steplog import ask
from steplog._cli.main import steplog as command

NODE = {"thread_id": "t1", "id": "outer"}


def asked(status, *, answered=False, nested=False, **end):
    lines = Lines().opened().add("run.start", id="x", name="asks", thread="t1")
    lines.add("node.start", step=1, name="ask", checkpoint=NODE)
    if nested:
        lines.add("node.start", step=2, parent=1, name="inner", checkpoint={"ns": "ask:1", "id": "inner"})
    lines.add("interrupt.point", step=3, parent=2 if nested else 1, value="delete?")
    if answered:
        lines.add("resume.point", step=4)
    fields = {"status": status} if status else {}
    totals = {"steps": 3} if answered else {"steps": 3, "interrupts": 1}
    return lines.add("run.end", ms=5, totals=totals, **fields, **end)


@pytest.mark.parametrize("status", ["", "abandoned", "cancelled"])
def test_a_run_that_stands_at_a_question_is_interrupted(tmp_path, status):
    left = {"error": {"type": "GeneratorExit", "stack": ["main.py:1 in stream"]}}
    log = steplog.read(asked(status, **left).write(tmp_path / "a.jsonl"))
    (run,) = log.runs
    assert (run.status, run.error) == ("interrupted", None)
    listed = CliRunner().invoke(command, ["ls", "--status", "interrupted", str(tmp_path / "a.jsonl")])
    assert RUN[:8] in listed.output


@pytest.mark.parametrize("status", ["", "abandoned", "cancelled", "error"])
@pytest.mark.parametrize("answered", [False, True])
def test_the_view_of_runs_says_the_same(tmp_path, status, answered):
    pytest.importorskip("duckdb")
    log = steplog.read(asked(status, answered=answered).write(tmp_path / "a.jsonl"))
    (row,) = ask.sql(log, "SELECT status FROM runs").as_json()
    expected = (status or "ok") if answered or status == "error" else "interrupted"
    assert row["status"] == log.runs[0].status == expected


@pytest.mark.parametrize("nested", [False, True])
def test_it_goes_on_where_the_outermost_node_stands(tmp_path, nested):
    (run,) = steplog.read(asked("abandoned", nested=nested).write(tmp_path / "a.jsonl")).runs
    assert run.config() == {
        "configurable": {"thread_id": "t1", "checkpoint_ns": "", "checkpoint_id": "outer"}
    }


def test_what_its_own_end_says_counts_first_and_a_run_that_is_over_has_none(tmp_path):
    own = asked("", checkpoint={"thread_id": "t1", "id": "own"}).write(tmp_path / "a.jsonl")
    assert steplog.read(own).runs[0].config()["configurable"]["checkpoint_id"] == "own"
    over = asked("abandoned", answered=True).write(tmp_path / "b.jsonl")
    assert steplog.read(over).runs[0].config() is None
