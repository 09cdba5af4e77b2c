"""What just ran, in one line: the reader's runs of a recorder, a handler, or a block of code."""

import gc
import threading

import pytest

import steplog
from steplog._write.steps import labels


@pytest.fixture(autouse=True)
def _switched_off():
    yield
    steplog.deactivate()


def job(recorder, name):
    with recorder.run(name) as run, run.tool("t") as call:
        call.set(result=name)


def test_a_recorders_runs_are_those_that_began_while_it_was_open(tmp_path):
    with steplog.Recorder(tmp_path / "log") as before:
        job(before, "before")
    with steplog.Recorder(tmp_path / "log") as recorder:
        job(recorder, "one")
        assert [run.name for run in recorder.runs] == ["one"]
        job(recorder, "two")
    with steplog.Recorder(tmp_path / "log") as after:
        job(after, "after")
    runs = recorder.runs
    assert [(run.name, run.status, run.totals) for run in runs] == [
        ("one", "ok", {"steps": 1, "tool_calls": 1}),
        ("two", "ok", {"steps": 1, "tool_calls": 1}),
    ]
    assert all(isinstance(run, steplog.Run) for run in runs)


def test_a_block_sees_what_ran_in_it_whoever_recorded_it_there(tmp_path):
    pytest.importorskip("langchain_core")
    from langchain_core.runnables import RunnableLambda

    with steplog.recording(tmp_path / "log") as rec:
        RunnableLambda(lambda n: n + 1).invoke(1)
        with steplog.Recorder(tmp_path / "log") as recorder:
            thread = threading.Thread(target=job, args=(recorder, "in a thread"))
            thread.start()
            job(recorder, "mine")
            thread.join()
        with steplog.Recorder(tmp_path / "elsewhere") as recorder:
            job(recorder, "elsewhere")
        with steplog.recording() as inner:
            RunnableLambda(lambda n: n + 2, name="inner").invoke(1)
        RunnableLambda(lambda n: n + 3, name="still").invoke(1)
    RunnableLambda(lambda n: n + 4, name="after").invoke(1)
    assert sorted(run.name for run in rec.runs) == ["RunnableLambda", "in a thread", "inner", "mine", "still"]
    assert [run.name for run in inner.runs] == ["inner"]
    assert {run.status for run in rec.runs} == {"ok"}


def test_where_nothing_ran_there_are_no_runs_and_no_log(tmp_path):
    with steplog.recording(tmp_path / "log") as rec:
        pass
    assert rec.runs == ()
    assert not (tmp_path / "log").exists()


def test_a_handler_of_langchain_is_asked_for_its_runs(tmp_path):
    pytest.importorskip("langchain_core")
    from langchain_core.runnables import RunnableLambda

    from langchain_steplog import StepLogHandler

    with StepLogHandler(tmp_path / "log") as handler:
        RunnableLambda(lambda n: n + 1, name="mine").invoke(1, {"callbacks": [handler]})
        assert handler.totals == {}
    (run,) = handler.runs
    assert (run.name, run.status, handler.totals_of(run.id)) == ("mine", "ok", {})
    with pytest.raises(KeyError):
        handler.totals_of("0" * 16)


async def test_a_handler_of_llama_index_is_asked_for_its_runs_and_attached_by_with(tmp_path):
    pytest.importorskip("workflows")
    from workflows import Workflow, step
    from workflows.events import StartEvent, StopEvent

    from llama_index.observability.steplog import StepLogHandler

    class Add(Workflow):
        @step
        async def add(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=ev.n + 1)

    async with StepLogHandler(tmp_path / "log") as handler:
        assert await Add().run(n=1) == 2
    await Add().run(n=2)
    assert [run.name for run in handler.runs] == ["Add"]


def test_a_recorder_with_a_sink_of_its_own_says_where_its_runs_are(sink):
    with steplog.Recorder(sink=sink) as recorder:
        job(recorder, "r")
    with pytest.raises(steplog.LogError, match="a sink of the program's own"):
        _ = recorder.runs


def test_what_is_thrown_away_or_closed_is_told_no_more(tmp_path):
    rec = steplog.activate(tmp_path / "log")
    kept = [steplog.recording() for _ in range(3)]
    assert len(labels._labellers) == 4
    kept.pop().close()
    del kept, rec
    gc.collect()
    assert labels._labellers == []


@pytest.mark.parametrize("how", ["recorder", "recording"])
def test_only_the_newest_runs_are_kept_in_mind(tmp_path, monkeypatch, how):
    monkeypatch.setattr("steplog._record.runs_of_block._MOST_RUNS", 3)
    monkeypatch.setattr("steplog._write.steps.runs._MOST_NEWEST", 3)
    with steplog.recording(tmp_path / "log") as rec, steplog.Recorder(tmp_path / "log") as recorder:
        for n in range(5):
            job(recorder, str(n))
    assert [run.name for run in (rec if how == "recording" else recorder).runs] == ["2", "3", "4"]
