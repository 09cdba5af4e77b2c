"""Typed fields of a step: what its lines say, with names."""

from dataclasses import FrozenInstanceError

import pytest

import steplog
from sample_log import ANSWER, CALL, QUESTION, RESULT, begun, weather
from steplog._read import read


def run_of(tmp_path, lines=None):
    return read((lines or weather()).write(tmp_path / "a.jsonl")).runs[0]


def test_a_model_call_tells_its_model_prompt_answer_and_tokens(tmp_path):
    run = run_of(tmp_path)
    first, last = run.step(2), run.step(4)
    assert (first.model, first.provider, first.finish_reason, last.finish_reason) == (
        "gpt-x",
        "acme",
        "tool_calls",
        "stop",
    )
    assert [(m.number, m.role, m.content) for m in last.sent] == [
        (1, "user", QUESTION["content"]), (2, "assistant", ""), (3, "tool", RESULT["content"]),
    ]  # fmt: skip
    (call,) = first.tool_calls
    assert (call.name, call.args, call.id, call.raw) == (
        "weather",
        {"city": "Oslo"},
        "c1",
        CALL["tool_calls"][0],
    )
    assert last.answer.content == ANSWER["content"]
    assert last.answer.raw == last.message == ANSWER
    assert last.sent[2].tool_call_id == "c1"
    assert [m.role for m in run.conversation] == ["user", "assistant", "tool", "assistant"]
    assert (first.attempt, first.cached, first.ttft_ms, first.node) == (1, False, None, "")


def test_usage_has_names_and_is_the_mapping_that_it_was(tmp_path):
    usage = run_of(tmp_path).step(2).usage
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.total_tokens) == (
        100,
        20,
        None,
        120,
    )
    assert usage == usage.raw == dict(usage) == {"input_tokens": 100, "output_tokens": 20}
    assert (usage["input_tokens"], usage.get("x"), len(usage), bool(usage)) == (100, None, 2, True)
    assert list(usage.items()) == [("input_tokens", 100), ("output_tokens", 20)]
    assert not run_of(tmp_path).step(3).usage
    assert run_of(tmp_path).step(3).usage.total_tokens is None


def test_a_tool_tells_its_arguments_and_what_it_gave(tmp_path):
    tool = run_of(tmp_path).step(3)
    assert (tool.args, tool.result, tool.call_id) == ({"city": "Oslo"}, "rain, 4 °C", "c1")
    lines = begun().add("tool.end", step=3, ms=1, result={"again": {"$same": [3, "args"]}})
    assert run_of(tmp_path, lines).step(3).result == {"again": {"city": "Oslo"}}
    assert run_of(tmp_path, begun()).step(3).result is None


def test_documents_have_score_and_content(tmp_path):
    found = [{"id": "d1", "score": 0.5, "content": "text", "metadata": {"page": 2}}, {"id": "d2"}, "odd"]
    lines = (
        begun()
        .add("retriever.start", step=4, name="r", query="q")
        .add("retriever.end", step=4, ms=1, documents=found)
    )
    documents = run_of(tmp_path, lines).step(4).documents
    assert [(d.id, d.score, d.content, d.metadata) for d in documents] == [
        ("d1", 0.5, "text", {"page": 2}), ("d2", None, "", {}),
    ]  # fmt: skip
    assert documents[0].raw == found[0]
    assert run_of(tmp_path).step(2).documents == ()


def test_they_cannot_be_changed_and_are_public(tmp_path):
    step = run_of(tmp_path).step(2)
    for thing in (step.usage, step.answer, step.tool_calls[0], step):
        with pytest.raises((FrozenInstanceError, AttributeError)):
            thing.raw = {}
    assert {type(step.usage), type(step.answer), type(step.tool_calls[0])} == {
        steplog.Usage,
        steplog.Message,
        steplog.ToolCall,
    }
    assert steplog.Document.of({"id": "d"}).id == "d"
    assert len({step.usage, step.usage}) == 1


def test_what_is_odd_is_empty_and_no_error(tmp_path):
    odd = {"m": "x", "role": 5, "tool_calls": [1, {"name": 3}], "content": [{"type": "text"}]}
    lines = begun().add("llm.end", step=2, ms=1, message=odd, usage={"input_tokens": "many"}, finish_reason=7)
    step = run_of(tmp_path, lines).step(2)
    assert (step.answer.number, step.answer.role, step.answer.tool_calls[0].name) == (0, "", "")
    assert (step.usage.input_tokens, step.finish_reason) == (None, "")


def test_steps_and_runs_go_when_nobody_looks_at_them_any_more(tmp_path):
    import gc
    import weakref

    log = read(weather().write(tmp_path / "a.jsonl"))
    gc.collect()
    gc.disable()
    try:
        run = log.runs[0]
        step = run.step(3)
        assert step.parent is run.step(1)
        watched = [weakref.ref(thing) for thing in (run, step, run._source.tree)]
        del run
        assert step.parent.number == 1
        del step
        assert [thing() for thing in watched] == [None, None, None]
    finally:
        gc.enable()
