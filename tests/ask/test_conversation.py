"""A run reads as people talk, and the runs of a thread as one conversation in which nothing is said twice."""

import contextlib

import pytest

import steplog
from sample_log import Lines
from steplog import ask


def said(found):
    return [(turn.who, turn.text) for turn in found.turns]


def chat(recorder, thread, messages, answer):
    with recorder.run("chat", thread=thread, input={"messages": messages}) as run:
        with run.llm(model="m", messages=messages) as call:
            call.set(message={"role": "assistant", "content": answer})
        run.set(output={"messages": [*messages, {"role": "assistant", "content": answer}]})


def message(role, content):
    return {"role": role, "content": content}


def test_a_program_that_hands_the_whole_history_over_each_time_repeats_nothing(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        first = [message("user", "hi")]
        chat(recorder, "t", first, "hello")
        second = [*first, message("assistant", "hello"), message("user", "yes")]
        chat(recorder, "t", second, "fine")
        chat(recorder, "t", [*second, message("assistant", "fine"), message("user", "yes")], "good")
        chat(recorder, "other", first, "hello")
    found = ask.thread(steplog.read(tmp_path / "log"), "t")
    assert said(found) == [
        ("user", "hi"), ("assistant", "hello"), ("user", "yes"), ("assistant", "fine"), ("user", "yes"), ("assistant", "good"),
    ]  # fmt: skip
    assert len(found.runs) == 3


def test_a_question_that_is_asked_again_is_told_again(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        asked = [message("user", "hi"), message("assistant", "hello"), message("user", "more")]
        chat(recorder, "t", asked, "fine")
        chat(recorder, "t", asked, "better")
    found = said(ask.thread(steplog.read(tmp_path / "log"), "t"))
    assert found[-3:] == [("assistant", "fine"), ("user", "more"), ("assistant", "better")]


def test_a_history_that_the_log_has_not_seen_is_told(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        chat(
            recorder,
            "t",
            [message("user", "hi"), message("assistant", "hello"), message("user", "more")],
            "fine",
        )
    found = ask.thread(steplog.read(tmp_path / "log"), "t")
    assert said(found)[:3] == [("user", "hi"), ("assistant", "hello"), ("user", "more")]


def test_calls_are_joined_to_the_answer_that_asked_though_ids_are_used_again(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r", input="go") as run:
        for turn in range(2):
            calls = [{"id": "c", "name": "search", "args": {"n": turn}}]
            with run.llm(model="m", messages=[message("user", "go")]) as call:
                call.set(message={**message("assistant", f"look {turn}"), "tool_calls": calls})
            with run.tool("search", args={"n": turn}, call_id="c") as tool:
                tool.set(result=f"found {turn}")
    found = ask.conversation([steplog.read(tmp_path / "log").run("@last")])
    assert said(found) == [
        ("user", "go"), ("assistant", "look 0"), ("tool", "found 0"), ("assistant", "look 1"), ("tool", "found 1"),
    ]  # fmt: skip


def test_what_an_agent_inside_says_is_deeper(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r", input="go") as run:
        with run.tool("ask") as tool, tool.agent("analyst") as agent, agent.llm(model="m") as call:
            call.set(message=message("assistant", "inside"))
    turns = ask.conversation([steplog.read(tmp_path / "log").run("@last")]).turns
    assert [(turn.who, turn.depth) for turn in turns] == [
        ("user", 0),
        ("tool", 0),
        ("agent", 0),
        ("assistant", 1),
    ]


def test_errors_stand_where_they_happened_and_an_end_that_is_none_is_said(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, contextlib.suppress(ValueError):
        with recorder.run("r", input="go") as run, run.llm(model="m"):
            raise ValueError("too long")
    turns = ask.conversation([steplog.read(tmp_path / "log").run("@last")]).turns
    assert [(turn.who, turn.status) for turn in turns] == [
        ("user", "ok"),
        ("assistant", "error"),
        ("error", "error"),
        ("end", "error"),
    ]


def test_a_run_that_resumes_one_of_the_thread_is_part_of_it(tmp_path):
    lines = Lines(run="a" * 16).opened().add("run.start", id="x", name="r", thread="t", input="pay?")
    lines.add("interrupt.point", step=1, value="sure?").add("run.end", ms=1, totals={"interrupts": 1})
    lines.run = "b" * 16
    lines.add("run.start", id="y", name="r", resumes="a" * 16, input={"resume": "yes"})
    lines.add("run.end", ms=1, output="paid").write(tmp_path / "a.jsonl")
    found = ask.thread(steplog.read(tmp_path / "a.jsonl"), "t")
    assert said(found) == [
        ("user", "pay?"),
        ("question", "sure?"),
        ("end", ""),
        ("answer", "yes"),
        ("assistant", "paid"),
    ]


def test_a_run_inside_another_of_the_thread_is_not_told_twice(tmp_path):
    lines = Lines(run="a" * 16).opened().add("run.start", id="x", name="outer", thread="t", input="go")
    lines.run = "b" * 16
    lines.add(
        "run.start", id="y", name="inner", thread="t", parent_run="a" * 16, parent_step=1, input="go in"
    )
    lines.write(tmp_path / "a.jsonl")
    assert ask.thread(steplog.read(tmp_path / "a.jsonl"), "t").runs == ("a" * 16,)


def test_an_unknown_thread_is_not_found(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r"):
        pass
    with pytest.raises(steplog.NotFound, match="no run of thread 'x'"):
        ask.thread(steplog.read(tmp_path / "log"), "x")
