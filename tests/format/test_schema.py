"""The schema knows every event of the format, and nothing else."""

import pytest
from jsonschema import Draft202012Validator

from sample_log import UUID, Lines, begun, weather
from steplog._format.record import fields_of
from steplog._format.schema import _FIELDS, event_names, schema

VALIDATOR = Draft202012Validator(schema())


def fits(record):
    return VALIDATOR.is_valid(record)


def test_the_schema_is_a_valid_schema():
    Draft202012Validator.check_schema(schema())


def test_every_sample_line_fits():
    lines = weather(frameworks={"langgraph": "1.0"}, content="full", detail="steps", redact=True)
    lines.add("log.lost", count=1, reason="ENOSPC").add(
        "log.error", where="x", error={"type": "E", "message": "m"}
    )
    lines.add("retry.point", step=5, parent=1, attempt=2, wait_ms=1.5, error={"type": "E", "step": 2})
    lines.add("interrupt.point", step=6, value={"ask": None}, id="i").add("resume.point", step=7)
    lines.add("custom.point", step=8, name="n", data=[]).add("llm.first_token", step=2, ttft_ms=3)
    lines.add("denied.point", step=8, parent=1, name="pay", call_id="c1", args={}, asked_by=2, message=3)
    lines.add("resume.point", step=8, value={"resume": "yes"})
    lines.add("node.end", step=9, ms=1, route=["b", "__end__"], cached=True)
    lines.add(
        "retriever.end",
        step=9,
        ms=1,
        documents=[{"id": "d", "score": 0.5, "content": {"$text": {"chars": 3}}}],
    )
    lines.add("embedding.end", step=9, ms=1, count=3, dimensions=128).add(
        "chain.end", step=9, start_lost=True, parent=1
    )
    caused = {"how": "cause", "depth": 1, "type": "E", "message": {"$cut": {"bytes": 9}}, "at": "f:1 in g"}
    lines.add(
        "llm.end",
        step=9,
        ms=1,
        error={"type": "E", "notes": ["n"], "causes": [caused, {"$cut": {"items": 40}}]},
        usage={"cache_write_5m_tokens": 1, "cache_write_1h_tokens": 1, "input_audio_tokens": 1},
        extra={"service_tier": "default"},
    )
    cut = {"bytes": 9, "sha256": "0", "head": "a", "tail": "b", "setting": "max_value_bytes"}
    lines.add("tool.end", step=9, ms=1, error={"type": "E", "message": {"$cut": cut}})
    messages = [{"m": 1, "set": {"id": "x"}}, {"m": 2, "like": 1, "content": "c"}]
    lines.add("llm.start", step=9, prompt="1-2", messages=messages, chars=12)
    for record in lines.records:
        VALIDATOR.validate(record)


def test_every_field_of_the_format_has_a_type():
    named = {field for name in event_names() for field in fields_of(*name.split("."))}
    assert named == set(_FIELDS)
    assert len(event_names()) == 4 + 9 + 9 + 5 + 1


START = {
    "seq": 1,
    "ts": "2026-11-23T03:12:59.000001Z",
    "run": "8f3a1c2b4d5e6f70",
    "step": 1,
    "ev": "llm.start",
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": 0},
        {"seq": "1"},
        {"ts": "2026-11-23T03:12:59Z"},
        {"ts": "2026-11-23T03:12:59.000001+00:00"},
        {"run": "8F3A"},
        {"run": None},
        {"step": 0},
        {"parent": 0},
        {"ev": "llm.begin"},
        {"ev": "tool.start", "prompt": "1"},
        {"name": None},
        {"tags": []},
        {"colour": "blue"},
        {"prompt": "1-"},
        {"prompt": [1, 2]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"m": 1, "content": "x"}]},
        {"messages": [{"m": 1, "set": {}}]},
        {"messages": [{"m": 1, "role": "user", "colour": "blue"}]},
        {"ev": "llm.end"},
        {"ev": "llm.end", "ms": -1},
        {"ev": "llm.end", "ms": 1, "status": "ok"},
        {"ev": "llm.end", "ms": 1, "usage": {"input": 3}},
        {"ev": "llm.end", "ms": 1, "error": {"type": "E", "trace": "x"}},
        {"ev": "llm.end", "ms": 1, "error": {"code": 1}},
        {"ev": "llm.end", "ms": 1, "error": {"type": "E", "causes": []}},
        {"ev": "llm.end", "ms": 1, "error": {"type": "E", "causes": [{"type": "E"}]}},
        {"ev": "llm.end", "ms": 1, "error": {"type": "E", "message": {"$cut": {"tail": 3}}}},
        {"ev": "llm.end", "ms": 1, "implied": False},
        {"ev": "llm.end", "ms": 1, "parent": 1},
        {"ev": "run.start", "id": UUID},
        {"ev": "log.close", "lines": 1},
    ],
)
def test_a_wrong_line_does_not_fit(wrong):
    assert fits(START)
    assert not fits({**START, **wrong})


def test_an_envelope_without_what_every_line_has_does_not_fit():
    for name in START:
        assert not fits({key: value for key, value in START.items() if key != name})
    assert not fits(Lines().add("run.start").records[0])
    assert fits(begun().records[0])
