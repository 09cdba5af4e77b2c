"""Points: below open steps, below steps of another process, before `with`, and after the end."""

import subprocess
import sys
import uuid

import jsonschema
import pytest

import steplog
from steplog._format.schema import schema

FORKED = """
import os, sys, steplog
recorder = steplog.Recorder(sys.argv[1])
run = recorder.run("job").__enter__()
step = run.agent("worker").__enter__()
run.custom("in parent", 1)
if (child := os.fork()) == 0:
    for i in range(10):
        run.custom("in child", i)
    step.custom("in the step", 1)
    run.retry(2, error="x")
    with step.tool("t", args={"q": 1}):
        pass
    step.__exit__(None, None, None)
    if (grandchild := os.fork()) == 0:
        run.custom("in grandchild")
        run.__exit__(None, None, None)
        recorder.close()
        os._exit(0)
    os.waitpid(grandchild, 0)
    recorder.close()
    os._exit(0)
os.waitpid(child, 0)
step.__exit__(None, None, None)
run.__exit__(None, None, None)
recorder.close()
"""


def test_what_a_forked_child_tells_of_runs_that_were_open_is_in_runs_of_its_own(tmp_path):
    subprocess.run([sys.executable, "-c", FORKED, tmp_path / "log"], check=True, timeout=60)
    log = steplog.read(tmp_path / "log")
    assert (log.lost, log.gaps, log.faults) == ((), (), ())
    job = next(run for run in log.runs if run.name == "job" and not run.parent_run)
    assert [(step.kind, step.name) for step in job.steps] == [("agent", "worker"), ("custom", "in parent")]
    others = [run for run in log.runs if run is not job]
    part = next(run for run in others if any(step.name == "in child" for step in run.steps))
    assert [run.parent_run for run in others] == [
        part.id if run.steps[0].name == "in grandchild" else job.id for run in others
    ]
    told = {
        (run.name, run.parent_step): [(step.kind, step.name) for step in run.steps]
        for run in others
        if len(run.steps) > 1
    }
    assert told == {
        ("job", None): [("custom", "in child")] * 10 + [("retry", "")],
        ("worker", 1): [("custom", "in the step"), ("tool", "t")],
    }
    assert [
        (run.name, [step.name for step in run.steps], run.status) for run in others if len(run.steps) == 1
    ] == [("job", ["in grandchild"], "ok")]
    assert {(run.name, run.status) for run in others} == {
        ("job", "ok"),
        ("worker", "ok"),
        ("job", "abandoned"),
    }


def test_points_before_with_begin_what_they_are_in(sink):
    with steplog.Recorder(sink=sink) as recorder:
        run = recorder.run("r", tags=["a"])
        run.custom("early", 1)
        step = run.tool("t")
        step.retry(2)
        with run, step:
            run.custom("late", 2)
    found = [(r["ev"], r.get("step"), r.get("parent")) for r in sink.records if "run" in r]
    assert found == [
        ("run.start", None, None),
        ("custom.point", 1, None),
        ("tool.start", 2, None),
        ("retry.point", 3, 2),
        ("custom.point", 4, None),
        ("tool.end", 2, None),
        ("run.end", None, None),
    ]
    assert sink.records[1]["tags"] == ["a"]


def test_points_after_the_end_are_in_the_run_while_it_is_known_and_said_where_it_is_not(sink, capsys):
    with steplog.Recorder(sink=sink) as recorder:
        with recorder.run("first") as first:
            pass
        first.custom("at once after")
        for _ in range(600):
            with recorder.run("another"):
                pass
        first.custom("long after")
    points = [r for r in sink.records if r["ev"] == "custom.point"]
    assert [(r["name"], r["run"]) for r in points] == [("at once after", first.id.hex[16:])]
    (error,) = [r for r in sink.records if r["ev"] == "log.error"]
    assert (error["where"], error["error"]["message"]) == (
        "custom",
        "custom() of run 'first', which ended long ago",
    )
    assert "which ended long ago: it is not in the log" in capsys.readouterr().err


def test_a_point_below_a_step_that_began_before_the_recording_begins_a_run_that_ends_with_that_step(sink):
    recorder = steplog.Recorder(sink=sink)
    steps, unknown = recorder._steps, uuid.UUID(int=0xABC)
    steps.point("custom", parent=unknown, fields={"name": "n"})
    steps.start("t", "tool", "t", parent=unknown)
    steps.end("t")
    steps.end(unknown)
    recorder.close()
    found = [r for r in sink.records if "run" in r]
    assert [r["ev"] for r in found] == ["run.start", "custom.point", "tool.start", "tool.end", "run.end"]
    assert found[0]["parent_run"] == "0000000000000abc"
    for record in sink.records:
        jsonschema.validate(record, schema())


def test_a_point_that_comes_by_again_on_its_way_up_is_told_once(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for _ in range(3):
            recorder._steps.point("interrupt", parent=run, fields={"value": "?"}, once="id")
        recorder._steps.point("interrupt", parent=run, fields={"value": "!"}, once="another")
    assert [r["value"] for r in sink.records if r["ev"] == "interrupt.point"] == ["?", "!"]


def test_a_point_of_no_kind_that_there_is_leaves_a_log_error(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        recorder._steps.point("banana", parent=run)
    (error,) = [r for r in sink.records if r["ev"] == "log.error"]
    assert (
        "'banana' is no point; there are custom, denied, interrupt, resume, retry"
        in error["error"]["message"]
    )


@pytest.mark.parametrize("detail", ["steps", "all"])
def test_the_first_token_is_told_of_model_calls_alone(detail):
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink, detail=detail) as recorder, recorder.run("r") as run:
        run.first_token()
        for step in (run.llm("m"), run.tool("t")):
            with step as call:
                call.first_token()
                call.first_token()
    assert [r["ev"] for r in sink.records if "ttft_ms" in r] == ["llm.first_token"] * (detail == "all") + [
        "llm.end"
    ]
