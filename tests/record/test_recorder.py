"""Runs and steps of a program without a framework."""

import asyncio
import contextlib
import threading

import jsonschema
import pytest

import steplog
from steplog._format.schema import schema


def events(sink):
    return [(r["ev"], r.get("step"), r.get("parent"), r.get("status")) for r in sink.records if "run" in r]


def test_a_program_records_runs_and_steps_with_context_managers(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("nightly", input="go", tags=["a"]) as run:
        with run.llm(model="m", messages=[{"role": "user", "content": "hi"}]) as call:
            call.first_token()
            call.set(
                message={"role": "assistant", "content": "yo"}, usage={"input_tokens": 3, "output_tokens": 1}
            )
        with run.agent("helper") as helper, helper.tool("search", args={"q": "tea"}) as call:
            call.custom("note", {"a": 1})
            call.set(result="42 hits")
        assert run.totals == {"steps": 4, "llm_calls": 1, "tool_calls": 1, "models": ["m"]} | {
            "input_tokens": 3,
            "output_tokens": 1,
        }
    assert events(sink) == [
        ("run.start", None, None, None),
        ("llm.start", 1, None, None),
        ("llm.end", 1, None, None),
        ("agent.start", 2, None, None),
        ("tool.start", 3, 2, None),
        ("custom.point", 4, 3, None),
        ("tool.end", 3, None, None),
        ("agent.end", 2, None, None),
        ("run.end", None, None, None),
    ]
    for record in sink.records:
        jsonschema.validate(record, schema())


def test_errors_come_by_exception_and_pass_on(sink):
    with (
        steplog.Recorder(sink=sink) as recorder,
        pytest.raises(ValueError, match="bad"),
        recorder.run("r") as run,
    ):
        with run.tool("t"):
            raise ValueError("bad")
    tool, end = [r for r in sink.records if r["ev"] in ("tool.end", "run.end")]
    assert (tool["status"], tool["error"]["type"], tool["error"]["message"]) == ("error", "ValueError", "bad")
    assert tool["error"]["stack"][-1].endswith("in test_errors_come_by_exception_and_pass_on")
    assert end["error"] == {"type": "ValueError", "message": "bad", "step": 1}
    assert end["totals"]["errors"] == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(asyncio.CancelledError, "cancelled"), (KeyboardInterrupt, "cancelled"), (GeneratorExit, "abandoned")],
)
def test_a_cancellation_is_no_error(sink, error, status):
    with (
        steplog.Recorder(sink=sink) as recorder,
        pytest.raises(error),
        recorder.run("r") as run,
        run.tool("t"),
    ):
        raise error
    end = sink.records[-2]
    assert (end["status"], end["totals"].get("errors")) == (status, None)


def test_what_is_left_open_is_ended_when_the_recorder_closes(sink):
    recorder = steplog.Recorder(sink=sink)
    run = recorder.run("r").__enter__()
    run.tool("t").__enter__()
    recorder.close()
    assert [(r["ev"], r.get("status"), r.get("implied")) for r in sink.records[-3:-1]] == [
        ("tool.end", "abandoned", True),
        ("run.end", "abandoned", True),
    ]


def test_a_closed_recorder_says_so_when_used(sink):
    recorder = steplog.Recorder(sink=sink)
    recorder.close()
    recorder.close()
    with pytest.raises(RuntimeError, match="closed"):
        recorder.run("r")


def test_a_message_and_a_long_text_are_written_once_a_run(sink):
    long, message = "word " * 100, {"role": "user", "content": "the only question"}
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for _ in range(3):
            with run.llm(model="m", messages=[message]):
                pass
            with run.tool("t", args={"text": long}) as call:
                call.set(result=long)
    log = b"".join(sink.lines)
    assert log.count(b"the only question") == 1
    assert log.count(long.encode()) == 1
    assert [r["prompt"] for r in sink.records if r["ev"] == "llm.start"] == ["1", "1", "1"]


def test_an_edited_message_is_a_new_message(sink):
    message = {"role": "user", "content": "before", "id": "x"}
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        with run.llm(model="m", messages=[message]):
            pass
        message["content"] = "after"
        with run.llm(model="m", messages=[message]):
            pass
    starts = [r for r in sink.records if r["ev"] == "llm.start"]
    assert [s["prompt"] for s in starts] == ["1", "2"]
    assert starts[1]["messages"] == [{"m": 2, "like": 1, "content": "after"}]


def test_threads_share_a_run_without_losing_a_step(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:

        def work(n):
            for i in range(100):
                with run.tool(f"t{n}", args={"i": i}) as call:
                    call.set(usage=None, result=i)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert run.totals == {"steps": 800, "tool_calls": 800}
    assert [r["seq"] for r in sink.records] == list(range(1, len(sink.records) + 1))
    assert sorted(r["step"] for r in sink.records if r["ev"] == "tool.start") == list(range(1, 801))
    stamps = [r["ts"] for r in sink.records]
    assert stamps == sorted(stamps)


def test_nothing_is_held_of_runs_that_are_over(sink):
    with steplog.Recorder(sink=sink) as recorder:
        for _ in range(300):
            with recorder.run("r") as run, run.llm(model="m", messages=[{"role": "user", "content": "hi"}]):
                pass
        sizes = recorder._steps.sizes()
    assert (sizes["steps"], sizes["runs"], sizes["memory"]) == (0, 0, 0)
    assert sizes["past"] <= 257
    assert sizes["ended"] <= 1025


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"content": "ful"}, "content='ful': allowed are full, preview, none"),
        ({"detail": "most"}, "allowed are calls, steps, all"),
        ({"redakt": True}, "unknown setting 'redakt'"),
        ({"max_depth": -1}, "max_depth=-1: allowed are whole numbers"),
        ({"redactor": 5}, "cannot be called"),
    ],
)
def test_a_bad_argument_is_named_with_what_is_allowed(setting, words):
    with pytest.raises(steplog.SettingsError) as raised:
        steplog.Recorder("x", **setting)
    assert words in str(raised.value)


def test_a_bad_variable_is_said_once_and_the_default_taken(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("STEPLOG_CONTENT", "everything")
    monkeypatch.setenv("STEPLOG_DETAIL", "calls")
    with steplog.Recorder(tmp_path / "logs") as recorder:
        assert recorder._steps.settings.content == "full"
        assert recorder._steps.settings.detail == "calls"
    assert (
        "content='everything': allowed are full, preview, none (from STEPLOG_CONTENT"
        in capsys.readouterr().err
    )


def test_a_failure_inside_steplog_costs_a_field_and_is_on_record(sink, monkeypatch):
    recorder = steplog.Recorder(sink=sink)
    with recorder.run("r") as run:
        with run.tool("t"):
            monkeypatch.setattr(recorder._steps.lines, "write", lambda *_, **__: 1 / 0)
        monkeypatch.undo()
        with run.tool("u"):
            pass
    recorder.close()
    assert [r["ev"] for r in sink.records if r["ev"] in ("log.error", "tool.start", "tool.end")] == [
        "tool.start",
        "log.error",
        "tool.start",
        "tool.end",
    ]
    assert next(r for r in sink.records if r["ev"] == "log.error")["error"]["type"] == "ZeroDivisionError"


def test_lines_can_go_to_a_callable():
    lines = []
    with steplog.Recorder(sink=steplog.CallableSink(lines.append)) as recorder, recorder.run("r"):
        pass
    assert [line["ev"] for line in lines] == ["log.open", "run.start", "run.end", "log.close"]


def test_a_callable_that_raises_is_said_and_stops_nothing(capsys):
    def fail(line):
        raise RuntimeError("no room")

    with steplog.Recorder(sink=steplog.CallableSink(fail)) as recorder, recorder.run("r"):
        pass
    assert "no room" in capsys.readouterr().err


def test_the_same_error_object_raised_anew_beside_where_it_was_is_another_failure(sink):
    again = ValueError("no luck")  # as good as two errors, of which the second got the address of the first
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for _ in range(2):
            with contextlib.suppress(ValueError), run.node("n") as node, node.tool("t"):
                raise again
    ends = [r for r in sink.records if r["ev"] in ("tool.end", "node.end")]
    assert ["stack" in r["error"] for r in ends] == [True, False, True, False]
    assert [r["error"].get("step") for r in ends] == [None, 2, None, 4]
    assert sink.records[-2]["totals"]["errors"] == 2
