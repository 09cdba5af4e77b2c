"""Timelines: whole microseconds, and on each lane spans that nest and never merely overlap."""

import json

from steplog._export.chrome import chrome


def test_each_step_is_one_event_in_whole_microseconds(log):
    events = chrome(log.runs)["traceEvents"]
    steps = sum(len(run.steps) for run in log.runs)
    assert sum(event["ph"] in "Xi" for event in events) == steps
    assert all(type(event["ts"]) is int for event in events if "ts" in event)
    assert all(type(event["dur"]) is int and event["dur"] >= 0 for event in events if event["ph"] == "X")


def test_spans_of_one_lane_nest(log):
    lanes = {}
    for event in chrome(log.runs)["traceEvents"]:
        if event["ph"] == "X":
            lanes.setdefault((event["pid"], event["tid"]), []).append(
                (event["ts"], event["ts"] + event["dur"])
            )
    for spans in lanes.values():
        for start, end in spans:
            for other, until in spans:
                assert (
                    end <= other
                    or until <= start
                    or (start <= other and until <= end)
                    or (other <= start and end <= until)
                )


def test_parallel_steps_have_lanes_of_their_own(tmp_path):
    import threading

    import steplog

    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        began, over = threading.Event(), threading.Event()

        def long():
            with run.tool("long"):
                began.set()
                over.wait(30)

        thread = threading.Thread(target=long)
        thread.start()
        began.wait(30)
        for _ in range(100):
            with run.tool("short"):
                pass
        over.set()
        thread.join()
    events = [e for e in chrome(steplog.read(tmp_path / "log").runs)["traceEvents"] if e["ph"] == "X"]
    assert len({event["tid"] for event in events}) == 2


def test_the_command_writes_one_json_file(command, folder, tmp_path):
    assert command("export", "chrome", "@last", "-p", folder, "-o", "run.json").returncode == 0
    assert json.loads((tmp_path / "run.json").read_text())["traceEvents"]


def test_texts_that_are_cut_are_counted(tmp_path):
    import steplog
    from steplog._export.untold import Untold

    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        with run.tool("t", args={"q": "y" * 300}) as tool:
            tool.set(result="z" * 300)
        with run.tool("t", args={"q": "y"}) as tool:
            tool.set(result="z")
    untold = Untold()
    chrome(steplog.read(tmp_path / "log").runs, untold)
    assert list(untold.sentences()) == ["not told: 2 texts whose end was left out"]
