"""What a glance lets through is what a walk would have written; what it does not see at once it leaves to the walk."""

import enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steplog
from steplog._format.record import LONG
from steplog._write.safe.quick_check import MANY, plain_texts
from steplog._write.safe.secrets import may_hold_secret
from steplog._write.said.line import Line
from steplog._write.said.run_memory import RunMemory
from steplog._write.settings.settings import Settings

SETTINGS = Settings.load("x", environ={})
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "x" * 300,
            "sk-abcdefghijklmnop0123456789",
            "password: hunter2x",
            "$m",
            "data:image/png;base64,AA",
            "\ud800",
        ]
    ),
)
KEYS = st.one_of(
    st.text(max_size=8), st.sampled_from(["a", "$m", "password", "api_key", "k" * 300, 1, None, True])
)
ATOMS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63) - 1, b"bytes", 1j, float("nan"), {1, 2}]),
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6), st.tuples(inner, inner), st.dictionaries(KEYS, inner, max_size=6)
    ),
    max_leaves=40,
)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(value=VALUES)
def test_what_a_glance_lets_through_a_walk_would_leave_as_it_is(value):
    texts = plain_texts((value,), SETTINGS, LONG)
    line = Line(SETTINGS, RunMemory(), {"step": 1})
    walk = line.walker()
    walked = walk.field("data", value)
    if texts is not None and not may_hold_secret("\n".join(texts)):
        assert walked == _lists(value)
        assert (walk.masked, walk.cut, line.messages, line.places) == ({}, 0, {}, {})


def _lists(value):
    if isinstance(value, dict):
        return {k: _lists(v) for k, v in value.items()}
    return [_lists(v) for v in value] if isinstance(value, list | tuple) else value


@settings(max_examples=200, deadline=None, derandomize=True)
@given(value=VALUES)
def test_with_no_content_a_line_counts_the_same_characters_at_a_glance_and_on_a_walk(value):
    none = Settings.load("x", environ={}, content="none")
    walk = Line(none, RunMemory(), {"step": 1}).walker()
    walk.field("data", value)
    texts = plain_texts((value,), none, MANY)
    if texts is not None:
        assert sum(map(len, texts)) == walk.left_out


@pytest.mark.parametrize("deep", [[[[[[1]]]]], {"a": {"b": {"c": [1]}}}], ids=["lists", "dicts"])
def test_no_deeper_than_the_setting_allows(deep):
    shallow = Settings.load("x", environ={}, max_depth=4)
    assert plain_texts((deep,), shallow, LONG) is None
    assert plain_texts((deep,), SETTINGS, LONG) is not None


def test_more_items_than_the_setting_allows_are_cut_by_the_walk():
    few = Settings.load("x", environ={}, max_items=10)
    assert plain_texts(([1] * 10,), few, LONG) is not None
    assert plain_texts(([1] * 11,), few, LONG) is None
    assert plain_texts(([list(range(900))] * 3,), SETTINGS, LONG) is None


class Cruel(enum.Enum):
    """orjson asks an enum for its `value`, and the interpreter dies of one that raises."""

    A = 1

    @property
    def value(self):
        raise RuntimeError("foreign code ran")


def test_an_enum_whose_value_raises_ends_no_program_wherever_it_stands():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", input={"e": Cruel.A}) as run:
        for _ in range(2):
            with run.llm(
                messages=[{"role": "user", "content": [Cruel.A]}], tool_defs=[{"e": Cruel.A}]
            ) as call:
                call.set(message={"role": "assistant", "content": [Cruel.A]})
        with run.tool("t", args={"e": [Cruel.A]}) as call:
            call.set(result=(Cruel.A,))
    events = [record["ev"] for record in sink.records]
    assert "log.error" not in events
    assert [events.count(ev) for ev in ("llm.start", "llm.end", "tool.end", "run.end")] == [2, 2, 1, 1]
    assert sink.records[1]["input"] == {"e": 1}
    assert [r.get("tool_defs") for r in sink.records if r["ev"] == "llm.start"] == [[{"e": 1}], None]


def test_half_a_character_in_a_tuple_or_a_message_stays_visible():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", input={"two": (None, "\ud800")}) as run:
        with run.llm(messages=[{"role": "user", "content": (None, "\ud800")}]):
            pass
    assert sink.records[1]["input"] == {"two": [None, "\\ud800"]}
    assert sink.records[2]["messages"][0]["content"] == [None, "\\ud800"]
