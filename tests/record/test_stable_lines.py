"""Lines for snapshots: the same each time, on every machine, and still lines of the format."""

import uuid

import jsonschema

import steplog
from steplog._format.schema import schema
from steplog.testing import StableRecorder, stable


def record(recorder, first_id):
    with recorder.run("first", input=f"of {first_id}") as run:
        with run.llm("m", messages=[{"role": "user", "content": "hi", "id": str(first_id)}]) as call:
            call.first_token()
            call.set(message="yo", usage={"input_tokens": 1})
        try:
            with run.tool("t"):
                raise ValueError(object())
        except ValueError:
            pass
    with recorder.run("second", parent_run=run.id.hex[16:], input=str(run.id)):
        pass


def test_the_same_is_recorded_alike_whatever_the_ids_and_times(capsys):
    found = []
    for _ in range(2):
        with StableRecorder() as recorder:
            record(recorder, uuid.uuid4())
        found.append(recorder.records)
    assert found[0] == found[1]
    for line in found[0]:
        jsonschema.validate(line, schema())


def test_what_differs_between_runs_is_numbered_in_order():
    with StableRecorder() as recorder:
        record(recorder, uuid.uuid4())
    records = recorder.records
    first, call, failed, second = records[1], records[3], records[5], records[7]
    one = "00000000-0000-7000-8000-000000000001"
    assert (first["seq"], first["ts"], first["run"], first["id"]) == (
        2,
        "2026-01-01T00:00:00.002000Z",
        "8000000000000001",
        one,
    )
    assert first["input"] == "of 00000000-0000-4000-8000-000000000001"
    assert records[2]["messages"][0]["id"] == "00000000-0000-4000-8000-000000000001"
    assert (call["ms"], call["ttft_ms"]) == (1.0, 1.0)
    assert failed["error"]["stack"] == ["test_stable_lines.py:1 in record"]
    assert (second["run"], second["parent_run"], second["input"]) == (
        "8000000000000002",
        "8000000000000001",
        one,
    )


def test_what_does_not_differ_stays():
    with (
        StableRecorder(content="none", detail="calls") as recorder,
        recorder.run("r", metadata={"n": [1, "x", None]}) as run,
    ):
        run.node("left out").__enter__()
    opened, start = recorder.records[:2]
    assert (opened["content"], opened["detail"], opened["w"], opened["pid"]) == (
        "none",
        "calls",
        "writer01",
        1,
    )
    assert (start["name"], start["ev"]) == ("r", "run.start")
    assert recorder.lines[1].startswith(
        b'{"seq":2,"ts":"2026-01-01T00:00:00.002000Z","run":"8000000000000001"'
    )


def test_lines_of_any_sink_can_be_made_stable(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r"):
        pass
    assert [r["run"] for r in stable(sink.records) if "run" in r] == ["8000000000000001"] * 2
