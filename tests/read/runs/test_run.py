"""Lines to runs: joined, demultiplexed, rebuilt."""

import pytest

from sample_log import ANSWER, CALL, OTHER_RUN, QUESTION, RESULT, RUN, SEGMENT, UUID, Lines, begun, weather
from steplog._read import LogError, NotFound, read


def one(lines, tmp_path):
    return read(lines.write(tmp_path / "a.jsonl")).runs[0]


def test_a_run_says_what_its_lines_say(tmp_path):
    run = read(weather().write_in(tmp_path / "logs")).runs[0]
    assert (run.id, run.uuid, run.name, run.framework, run.thread) == (
        RUN,
        UUID,
        "forecast",
        "langgraph",
        "t1",
    )
    assert (run.status, run.ms, run.started.isoformat()) == ("ok", 1700, "2026-11-23T03:12:59.002000+00:00")
    assert run.totals["input_tokens"] == 250
    assert run.writer["pid"] == 4711
    assert [(s.number, s.kind, s.name, s.status, s.ms) for s in run.steps] == [
        (1, "node", "agent", "ok", 950.5),
        (2, "llm", "gpt-x", "ok", 900),
        (3, "tool", "weather", "ok", 30),
        (4, "llm", "gpt-x", "ok", 700),
    ]
    assert [s.number for s in run.children] == [1, 4]
    assert [s.number for s in run.step(1).children] == [2, 3]
    assert run.step(3).parent is run.step(1)
    assert run.in_flight == ()


def test_prompts_and_states_are_rebuilt_from_numbers(tmp_path):
    run = one(weather(), tmp_path)
    assert run.prompt(4) == [QUESTION, CALL, RESULT]
    assert run.prompt(run.step(2)) == [QUESTION]
    assert run.prompt(1) == []
    assert run.input == {"messages": [QUESTION]}
    assert run.output == {"messages": [QUESTION, CALL, RESULT, ANSWER]}
    assert run.step(1).resolved()["output"] == {"messages": [CALL, RESULT]}
    assert run.step(4).resolved()["message"] == ANSWER
    assert run.messages == (QUESTION, CALL, RESULT, ANSWER)


def test_a_call_that_was_sent_no_message_reads_as_such_in_old_logs_and_new(tmp_path):
    lines = begun()
    for number, prompt in ((11, {"prompt": ""}), (12, {})):
        answer = {"m": number, "role": "assistant", "content": "hi"}
        lines.add("llm.start", step=number, model="m", **prompt)
        lines.add("llm.end", step=number, ms=1, message=answer)
    run = one(lines, tmp_path)
    for step in (run.step(11), run.step(12)):
        assert (step.prompt, step.prompt_numbers, step.asked) == ([], (), None)
        assert "not in the log" not in str(step)


def test_repeated_values_are_followed_and_what_is_lost_is_said(tmp_path):
    lines = Lines().opened().add("run.start", id=UUID, input={"doc": ["a", "b"]})
    lines.add("tool.start", step=1, name="t", args={"$same": [0, "input", "doc", 1]})
    lines.add(
        "tool.end",
        step=1,
        ms=1,
        result={"deep": [{"$same": [1, "args"]}, {"$same": [7, "result"]}, {"$m": 9}]},
    )
    lines.add("tool.start", step=2, name="t", args={"loop": {"$same": [2, "args"]}})
    lines.add("llm.start", step=3, prompt="1-2,x,5-99999999999")
    run = one(lines, tmp_path)
    lost = [{"$same": [7, "result"], "missing": True}, {"m": 9, "missing": True}]
    assert run.step(1).resolved() == {"name": "t", "ms": 1, "args": "b", "result": {"deep": ["b", *lost]}}
    assert "missing" in str(run.step(2).resolved())
    assert run.prompt(3) == [{"m": m, "missing": True} for m in (1, 2, "x", "5-99999999999")]


def test_amendments_hold_from_their_line_on_and_edits_are_made_whole(tmp_path):
    lines = (
        Lines()
        .opened()
        .add("run.start", id=UUID, input={"messages": [{"m": 1, "role": "user", "content": "q"}]})
    )
    lines.add("llm.start", step=1, prompt="1")
    lines.add("llm.end", step=1, ms=1, message={"m": 2, "role": "assistant", "content": "a"})
    amended = [
        {"m": 2, "set": {"id": "x"}},
        {"m": 3, "like": 2, "content": "edited"},
        {"m": 4, "like": 3, "name": "n"},
    ]
    lines.add("llm.start", step=2, prompt="1-4", messages=amended)
    lines.add(
        "node.end", step=3, ms=1, start_lost=True, output=[{"m": 2, "set": {"name": "late"}}, {"$m": 4}]
    )
    lines.add("llm.start", step=4, prompt="2", messages=[{"m": 5, "like": 5}])
    run = one(lines, tmp_path)
    plain, named = (
        {"m": 2, "role": "assistant", "content": "a"},
        {"m": 2, "role": "assistant", "content": "a", "id": "x"},
    )
    edited = {**named, "m": 3, "content": "edited"}
    assert run.step(1).message == plain
    assert run.prompt(2) == [QUESTION | {"content": "q"}, named, edited, {**edited, "m": 4, "name": "n"}]
    assert run.prompt(4) == [{**named, "name": "late"}]
    assert run.step(3).field("output") == [{**named, "name": "late"}, {**edited, "m": 4, "name": "n"}]


def test_a_long_text_is_followed_into_whichever_line_of_its_step_has_it(tmp_path):
    lines = begun().add("llm.start", step=4, prompt="1-2", messages=[QUESTION])
    lines.add(
        "llm.end", step=4, ms=1, messages=[{"m": 7, "role": "assistant", "name": "one", "content": "long"}]
    )
    lines.add("tool.start", step=5, name="t", args={"$same": [4, "messages", 0, "name"]})
    assert one(lines, tmp_path).step(5).field("args") == "one"


def test_what_stands_in_a_message_s_place_and_is_none_is_no_message(tmp_path):
    lines = begun().add("tool.end", step=3, ms=1, message={"$same": [0, "input", "messages"]})
    assert one(lines, tmp_path).step(3).message is None


def test_references_that_multiply_without_end_are_given_up(tmp_path):
    lines = Lines().opened().add("run.start", id=UUID)
    for step in range(1, 60):
        lines.add(
            "tool.start",
            step=step,
            name="t",
            args=[{"$same": [step - 1, "args"]}] * 10 if step > 1 else ["x"] * 10,
        )
    assert one(lines, tmp_path).step(59).field("args")


def test_a_late_real_end_counts_more_than_an_inferred_one(tmp_path):
    lines = begun()
    lines.add("tool.end", step=3, ms=5, implied=True, status="cancelled").add(
        "tool.end", step=3, ms=9, result="late"
    )
    lines.add("tool.end", step=3, ms=11, implied=True)
    step = one(lines, tmp_path).step(3)
    assert (step.status, step.ms, step.fields["result"], step.implied) == ("ok", 9, "late", False)


def test_an_end_without_a_start_makes_a_step(tmp_path):
    lines = begun().add("tool.end", step=9, ms=5, name="ghost", start_lost=True, result="x")
    step = one(lines, tmp_path).step(9)
    assert (step.name, step.start_lost, step.open, step.started) == ("ghost", True, False, None)


def test_points_are_steps_without_duration(tmp_path):
    lines = (
        begun()
        .add("retry.point", step=4, parent=3, attempt=2, wait_ms=50)
        .add("custom.point", step=5, name="note")
    )
    run = one(lines, tmp_path)
    assert [(s.kind, s.name, s.point, s.open, s.ms) for s in run.steps[3:]] == [
        ("retry", "", True, False, None),
        ("custom", "note", True, False, None),
    ]
    assert run.step(4).parent is run.step(3)
    assert [s.number for s in run.in_flight] == [1, 3]


def test_unknown_kinds_fields_and_events_are_tolerated(tmp_path):
    lines = (
        begun()
        .add("dream.start", step=4, colour="blue")
        .add("dream.end", step=4, ms=1)
        .add("dream.pause", step=5)
    )
    lines.add("llm.first_token", step=2, ttft_ms=12).add("run.heartbeat")
    run = one(lines, tmp_path)
    assert (run.step(4).kind, run.step(4).fields["colour"]) == ("dream", "blue")
    assert run.step(5).kind == "dream"
    assert run.step(2).fields["ttft_ms"] == 12


def test_parents_in_a_circle_hang_on_the_run(tmp_path):
    lines = Lines().opened().add("run.start", id=UUID)
    for step, parent in ((1, 2), (2, 3), (3, 1), (4, 4), (5, 99)):
        lines.add("tool.start", step=step, parent=parent, name="t")
    run = one(lines, tmp_path)
    seen, todo = [], list(run.children)
    while todo:
        step = todo.pop()
        seen.append(step.number)
        todo.extend(step.children)
    assert sorted(seen) == [1, 2, 3, 4, 5]


def test_writers_of_a_shared_file_are_told_apart(tmp_path):
    first, second = Lines("aaaaaaaa", every=True), Lines("bbbbbbbb", every=True, run=OTHER_RUN)
    for lines, name in ((first, "one"), (second, "two")):
        lines.opened().add("run.start", id=UUID, name=name)
        lines.add("tool.start", step=1, name=name).add("tool.end", step=1, ms=1, result=name).add(
            "run.end", ms=2
        )
    file = tmp_path / "shared.jsonl"
    pairs = zip(first.bytes().splitlines(), second.bytes().splitlines(), strict=True)
    file.write_bytes(b"".join(b"\n" + line + b"\n" for pair in pairs for line in pair))
    log = read(file)
    assert [(run.name, run.step(1).fields["result"], run.writer["w"]) for run in log.runs] == [
        ("one", "one", "aaaaaaaa"),
        ("two", "two", "bbbbbbbb"),
    ]
    assert (log.bad, log.gaps) == ((), ())


def test_a_run_over_several_segments_is_one_run(tmp_path):
    rows = weather().bytes().splitlines(keepends=True)
    stem = SEGMENT.removesuffix(".jsonl")
    for part, (start, stop) in enumerate([(0, 5), (5, 8), (8, 12)], 1):
        name = f"{stem}.jsonl" if part == 1 else f"{stem}.{part * 5}.jsonl"
        (tmp_path / name).write_bytes(b"".join(rows[start:stop]))
    log = read(tmp_path)
    assert [file.name for file in log.segments] == [f"{stem}.jsonl", f"{stem}.10.jsonl", f"{stem}.15.jsonl"]
    assert len(log.runs) == 1
    assert len(log.runs[0].files) == 3
    assert log.runs[0].prompt(4) == [QUESTION, CALL, RESULT]
    assert log.gaps == ()


def test_one_id_used_for_two_runs_gives_two_runs_and_the_id_means_the_newer(tmp_path):
    twice = weather()
    for record in weather().records[1:-1]:
        twice.records.append(
            {**record, "seq": record["seq"] + 100, "ts": record["ts"].replace("12:59", "13:30")}
        )
    log = read(twice.write(tmp_path / "a.jsonl"))
    assert len(log.runs) == 2
    assert len(log.runs[0].steps) == len(log.runs[1].steps) == 4
    assert log.run(RUN) is log.runs[1]


def test_totals_of_a_run_without_end_are_counted_and_its_time_goes_to_its_last_line(tmp_path):
    lines = begun().add("tool.end", step=3, ms=1, status="error", error={"type": "E", "message": "m"})
    lines.add("node.end", step=1, ms=1, status="error", error={"type": "E", "message": "m", "step": 3})
    lines.add("retry.point", step=4)
    run = one(lines, tmp_path)
    assert run.totals == {
        "steps": 4, "llm_calls": 1, "tool_calls": 1, "errors": 1, "retries": 1,
        "input_tokens": 100, "output_tokens": 20, "models": ["gpt-x"],
    }  # fmt: skip
    assert run.ms == 7.0


def test_tokens_of_an_answer_from_a_cache_are_in_no_total(tmp_path):
    before = one(begun(), tmp_path).totals
    lines = begun().add("llm.start", step=4, model="gpt-x", prompt="1")
    lines.add("llm.end", step=4, ms=1, usage={"input_tokens": 100, "output_tokens": 20}, cached=True)
    assert one(lines, tmp_path).totals == before | {"steps": 4, "llm_calls": 2}


def test_a_run_whose_start_is_lost_is_still_a_run(tmp_path):
    lines = weather()
    del lines.records[1]
    run = one(lines, tmp_path)
    assert (run.id, run.name, run.status, len(run.steps)) == (RUN, "", "ok", 4)
    assert run.prompt(2) == [{"m": 1, "missing": True}]


def test_a_step_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(NotFound, match="has no step 5: its steps go from 1 to 4"):
        one(weather(), tmp_path).step(5)


def test_a_file_changed_since_it_was_read_is_a_clear_error(tmp_path):
    run = one(weather(), tmp_path)
    (tmp_path / "a.jsonl").write_bytes(b"")
    with pytest.raises(LogError, match="changed since the log was read"):
        _ = run.steps


def test_runs_and_steps_cannot_be_changed(tmp_path):
    run = one(weather(), tmp_path)
    for thing in (run, run.steps[0]):
        with pytest.raises(AttributeError):
            thing.name = "x"
