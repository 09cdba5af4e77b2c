"""Why a model stopped stands in the tree, on its page and in `tail`; a refusal is drawn as one."""

from __future__ import annotations

import pytest

import steplog
from steplog._show.look import PLAIN
from steplog._show.run_tree import run_lines


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("length", "stopped: length"),
        ("content_filter", "stopped: content_filter"),
        ("max_tokens", "stopped: max_tokens"),
        ("pause_turn", "stopped: pause_turn"),
        ("MALFORMED_FUNCTION_CALL", "stopped: MALFORMED_FUNCTION_CALL"),
        ("SAFETY", "stopped: SAFETY"),
        ("refusal", "refused"),
        *(
            (word, "")
            for word in (
                "stop",
                "STOP",
                "end_turn",
                "tool_calls",
                "tool_use",
                "completed",
                "FinishReason.STOP",
            )
        ),
    ],
)
def test_why_a_model_stopped_stands_in_the_tree_on_its_page_and_in_tail_where_it_is_no_usual_end(
    tmp_path, desk, reason, said
):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        with run.llm(model="m", messages=[{"role": "user", "content": "hi"}]) as call:
            call.set(message={"role": "assistant", "content": "Well,"}, finish_reason=reason)
    log = tmp_path / "log"
    tree = desk.steplog("show", "@last", "-p", str(log)).stdout.decode()
    page = desk.steplog("show", "@last", "1", "-p", str(log)).stdout.decode()
    tail = desk.steplog("tail", "-p", str(log)).stdout.decode()
    for shown, around in ((tree, "[{}]"), (page, "answer  [{}]"), (tail, "llm.end [{}]")):
        assert (around.format(said) in shown) is bool(said)
        assert ("[stopped" in shown or "[refused" in shown) is bool(said)
    narrow = "\n".join(run_lines(steplog.read(log).run("@last"), PLAIN._replace(columns=80)))
    assert (f"[{'refused' if said == 'refused' else reason}]" in narrow) is bool(said)


@pytest.mark.parametrize(
    "message",
    [
        {"content": [{"type": "refusal", "refusal": "I cannot help with that."}]},
        {"content": "", "extra": {"refusal": "I cannot help with that."}},
    ],
    ids=["in the content", "beside it"],
)
def test_a_refusal_is_drawn_as_one_and_not_as_an_empty_answer(tmp_path, message):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        with run.llm(model="m", messages=[{"role": "user", "content": "hi"}]) as call:
            call.set(message={"role": "assistant", **message}, finish_reason="stop")
    run = steplog.read(tmp_path / "log").run("@last")
    assert "[refused]" in str(run)
    assert "hi → <refusal: I cannot help with that.>" in str(run)
    page = str(run.step(1))
    assert "answer  [refused]" in page
    assert "<refusal: I cannot help with that.>" in page


def test_a_call_that_was_no_call_is_shown(tmp_path):
    broken = {"name": "look", "args": '{"q": ', "id": "c1", "error": "no JSON"}
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        with run.llm(model="m", messages=[{"role": "user", "content": "hi"}]) as call:
            call.set(message={"role": "assistant", "content": "", "invalid_tool_calls": [broken]})
    run = steplog.read(tmp_path / "log").run("@last")
    assert 'hi → <invalid call: look({"q": )>' in str(run)
    assert '<invalid call: look({"q": )>' in str(run.step(1))


def test_an_answer_that_was_cut_off_is_never_folded_away_as_alike(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        for n in range(12):
            with run.llm(model="m", messages=[{"role": "user", "content": f"part {n}"}]) as call:
                reason = "length" if n == 6 else "stop"
                call.set(message={"role": "assistant", "content": f"{n}"}, finish_reason=reason)
    assert "[stopped: length]" in str(steplog.read(tmp_path / "log").run("@last"))


def test_a_conversation_shows_refusals_and_why_an_answer_ends(tmp_path, desk):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r", input="hi") as run:
        for message, reason in (
            ({"content": "", "extra": {"refusal": "I cannot."}}, "stop"),
            ({"content": "Well, one"}, "length"),
            ({"content": "done"}, "stop"),
        ):
            with run.llm(model="m", messages=[{"role": "user", "content": "hi"}]) as call:
                call.set(message={"role": "assistant", **message}, finish_reason=reason)
    shown = desk.steplog("show", "@last", "--chat", "-p", str(tmp_path / "log")).stdout.decode().splitlines()
    said = [line.strip() for line in shown if line.startswith(("assistant", "  "))]
    assert said == [
        "hi",
        "assistant m [refused]  [1]",
        "<refusal: I cannot.>",
        "assistant m [stopped: length]  [2]",
        "Well, one",
        "assistant m  [3]",
        "done",
    ]
