"""Steps between their starts and ends: late ends, lost starts, ends that nobody sends, and how many may be open."""

import uuid

import pytest

import steplog
from steplog._write.steps import implied_ends


def told(sink, *names):
    keys = names or ("step", "parent", "status", "implied", "start_lost")
    return [(r["ev"], *(r.get(key) for key in keys)) for r in sink.records if "run" in r]


@pytest.fixture
def steps(sink):
    recorder = steplog.Recorder(sink=sink)
    yield recorder._steps
    recorder.close()


def test_a_run_that_ends_takes_along_what_is_open_innermost_first(steps, sink):
    steps.start("r", "run", "r")
    steps.start("a", "agent", "a", parent="r")
    steps.start("t", "tool", "t", parent="a")
    steps.start("u", "tool", "u", parent="r")
    steps.end("r", status="cancelled")
    assert told(sink, "step", "status", "implied")[4:] == [
        ("tool.end", 2, "cancelled", True),
        ("tool.end", 3, "cancelled", True),
        ("agent.end", 1, "cancelled", True),
        ("run.end", None, "cancelled", None),
    ]
    assert steps.sizes()["steps"] == 0


def test_a_step_that_outlives_its_parent_ends_with_the_next_that_is_open_above(steps, sink):
    steps.start("r", "run", "r")
    steps.start("a", "agent", "a", parent="r")
    steps.start("n", "node", "n", parent="a")
    steps.end("n")
    steps.start("late", "tool", "late", parent="n")
    steps.start("later", "tool", "later", parent="late")
    steps.end("a")
    assert told(sink, "step", "parent", "implied")[4:] == [
        ("tool.start", 3, 2, None),
        ("tool.start", 4, 3, None),
        ("tool.end", 4, None, True),
        ("tool.end", 3, None, True),
        ("agent.end", 1, None, None),
    ]
    steps.end("r")
    assert steps.sizes()["steps"] == 0


def test_a_real_end_after_an_implied_one_is_written_once(steps, sink):
    steps.start("r", "run", "r")
    steps.start("t", "tool", "t", parent="r")
    steps.end("r")
    for _ in range(3):
        steps.end("t", fields={"result": 1}, kind="tool", parent="r")
    ends = [r for r in sink.records if r["ev"] == "tool.end"]
    assert [(r.get("implied"), r.get("status"), r.get("result")) for r in ends] == [
        (True, "abandoned", None),
        (None, None, 1),
    ]
    assert steps.sizes()["memory"] == 0


def test_a_real_end_of_a_run_after_an_implied_one_is_written_too(sink):
    recorder = steplog.Recorder(sink=sink)
    run = recorder.run("r").__enter__()
    recorder.close()
    run.set(output="done")
    run.__exit__(None, None, None)
    ends = [r for r in sink.records if r["ev"] == "run.end"]
    assert [(r.get("implied"), r.get("output")) for r in ends] == [(True, None), (None, "done")]


def test_an_end_whose_start_is_lost_makes_a_step_without_a_duration(steps, sink):
    steps.start("r", "run", "r")
    steps.end("lost", fields={"result": 1}, kind="tool", parent="r")
    steps.end("alone", fields={"finish_reason": "stop"}, kind="llm", parent=uuid.UUID(int=7))
    steps.end("nothing is known of this one")
    found = [r for r in sink.records if "run" in r][1:]
    assert [(r["ev"], r.get("start_lost"), "ms" in r) for r in found] == [
        ("tool.start", True, False),
        ("tool.end", True, False),
        ("run.start", True, False),
        ("llm.start", True, False),
        ("llm.end", True, False),
        ("run.end", True, False),
    ]
    assert found[2]["parent_run"] == "0000000000000007"


def test_a_step_whose_start_line_failed_has_no_duration_either(steps, sink, monkeypatch):
    steps.start("r", "run", "r")
    with monkeypatch.context() as patch:
        patch.setattr(type(steps.lines), "write", lambda *_, **__: 1 / 0)
        steps.start("t", "tool", "t", parent="r")
    steps.end("t")
    end = sink.records[-1]
    assert (end["ev"], end.get("start_lost"), "ms" in end) == ("tool.end", True, False)


def test_the_start_of_a_step_that_was_left_out_is_written_where_an_error_begins_in_it(steps, sink):
    steps.start("r", "run", "r")
    steps.start("p", "chain", "plumbing", parent="r")
    steps.start("t", "tool", "t", parent="p")
    error = ValueError("no")
    steps.end("t", error=error)
    steps.end("p", error=error)
    steps.start("q", "chain", "other plumbing", parent="r")
    steps.end("q", error=KeyError("k"))
    assert [(r["ev"], r.get("step"), "late_ms" in r) for r in sink.records[2:]] == [
        ("tool.start", 1, False),
        ("tool.end", 1, False),
        ("chain.start", 2, True),
        ("chain.end", 2, False),
    ]


def test_what_began_as_a_chain_and_is_an_agent_has_one_start_and_is_read_as_an_agent(tmp_path):
    with steplog.Recorder(tmp_path / "log", detail="all") as recorder:
        steps = recorder._steps
        steps.start("r", "run", "r")
        steps.start("c", "chain", "c", parent="r")
        steps.start("n", "node", "n", parent="c", in_agent=True)
        steps.end("n")
        steps.end("c")
        steps.end("r")
    (run,) = recorder.runs
    assert [(step.number, step.kind, step.status) for step in run.steps] == [
        (1, "agent", "ok"),
        (2, "node", "ok"),
    ]
    text = next((tmp_path / "log").iterdir()).read_text()
    assert (text.count('"step":1,"ev":"chain.start"'), text.count('"ev":"agent.start"')) == (1, 0)


def test_left_out_plumbing_that_is_an_agent_is_written_with_its_first_node(steps, sink):
    steps.start("r", "run", "r")
    steps.start("c", "chain", "c", parent="r")
    steps.start("n", "node", "n", parent="c", in_agent=True)
    assert told(sink, "step", "parent")[1:] == [("agent.start", 1, None), ("node.start", 2, 1)]


def test_an_attempt_after_a_failed_one_has_its_number_and_counts_as_a_retry(steps, sink):
    steps.start("r", "run", "r")
    for key, failed in (("a", True), ("b", True), ("c", False), ("d", False)):
        steps.start(key, "tool", "t", parent="r", attempt_of="t")
        steps.end(key, error=ValueError("no") if failed else None)
    steps.start("e", "tool", "t", parent="r", fields={"attempt": 5})
    starts = [r.get("attempt") for r in sink.records if r["ev"] == "tool.start"]
    assert starts == [None, 2, 3, None, 5]
    assert steps.totals()["retries"] == 3


def test_of_steps_that_are_never_ended_the_oldest_are_and_the_log_says_so_once(steps, sink, monkeypatch):
    monkeypatch.setattr(implied_ends, "MOST_OPEN", 20)
    monkeypatch.setattr("steplog._write.steps.step_recorder.MOST_OPEN", 20)
    steps.start("r", "run", "r")
    steps.start("a", "agent", "a", parent="r")
    for n in range(40):
        steps.start(n, "tool", "t", parent="a")
    assert steps.sizes()["steps"] == 20
    assert steps.is_open("r")
    assert steps.is_open("a")
    ends = [r for r in sink.records if r["ev"] == "tool.end"]
    assert [(r["step"], r["status"], r["implied"]) for r in ends] == [
        (n, "abandoned", True) for n in range(2, 24)
    ]
    (said,) = [r for r in sink.records if r["ev"] == "log.error"]
    assert said["where"] == "open steps"
    assert "20 steps are open" in said["error"]["message"]
    steps.end(39, fields={"result": "real"})
    assert sink.records[-1]["result"] == "real"


def test_of_runs_that_are_never_ended_the_oldest_are_step_by_step(steps, sink, monkeypatch):
    monkeypatch.setattr(implied_ends, "MOST_OPEN", 20)
    monkeypatch.setattr("steplog._write.steps.step_recorder.MOST_OPEN", 20)
    for n in range(12):
        steps.start(("run", n), "run", "r")
        steps.start(("tool", n), "tool", "t", parent=("run", n))
    assert steps.sizes()["steps"] == 20
    assert steps.sizes()["runs"] == 10
    ended = [r["ev"] for r in sink.records if r.get("implied")]
    assert ended[:2] == ["tool.end", "run.end"]
