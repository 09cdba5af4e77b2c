"""What a program tells the recorder under any name and in any form: a step for each, lines as the format has them."""

import datetime as dt
import enum
import math
import uuid

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import steplog
from steplog._format.record import END_FIELDS, ENVELOPE, START_FIELDS, fields_of
from steplog._format.schema import schema
from steplog._write import guard, misnamed

VALID = jsonschema.Draft202012Validator(schema())


@pytest.fixture(autouse=True)
def _said_nothing_yet(monkeypatch):
    """Warnings come once in a process, and at most once a minute."""
    monkeypatch.setattr(misnamed, "_said", set())
    monkeypatch.setattr(guard, "_last_said", {})


class Color(enum.Enum):
    RED = "red"


class Barbed:
    """Answers no question about itself."""

    def __bool__(self):
        raise AssertionError("its code was run")

    __eq__ = __ne__ = __len__ = __iter__ = __bool__
    __hash__ = object.__hash__


NAMES = sorted(
    {
        name
        for table in (START_FIELDS, END_FIELDS)
        for kind in table
        for what in ("start", "end")
        for name in fields_of(kind, what)
    }
    | set(ENVELOPE)
    | {"chain", "usagee", "asks", "others", "failure", "extra"}
)
OWN_WORDS = {"self", "name", "model", "messages", "args", "query", "kind", "function"}
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=4),
    st.sampled_from([
        2**80, -1, 0, math.nan, "", "error", "banana", "x" * 400, "\ud800", b"b", Color.RED, ValueError("v"), uuid.UUID(int=1),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC), object(), Barbed(), int,
    ]),
)  # fmt: skip
KEYS = st.one_of(
    st.sampled_from(["id", "ns", "role", "content", "type", "message", "input_tokens", "m", "set", "$m", "tool_calls", "score", "name"]),
    st.text(max_size=4),
    st.integers(),
)  # fmt: skip
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), VALUES, max_size=5).map(
    lambda fields: {name: value for name, value in fields.items() if name not in OWN_WORDS}
)
KINDS = st.one_of(st.sampled_from([*START_FIELDS, "custom", "banana", ""]), VALUES)


def invalid(records):
    return [
        (r, [e.message[:200] for e in VALID.iter_errors(r)][:2]) for r in records if not VALID.is_valid(r)
    ]


def test_a_document_that_is_nothing_keeps_its_place_and_says_nothing():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run, run.retriever("q") as found:
        found.set(documents=[None, 5, {"content": None, "id": 7}])
    assert invalid(sink.records) == []
    [end] = [r for r in sink.records if r["ev"] == "retriever.end"]
    assert end["documents"] == [{}, {"content": 5}, {"id": "7"}]


@pytest.mark.parametrize("content", ["full", "none", "preview"])
def test_whatever_is_told_makes_lines_of_the_format_and_no_step_more_or_less(content):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(FIELDS, FIELDS, FIELDS, KINDS, VALUES, VALUES)
    def check(of_run, of_step, of_end, kind, one, two):
        sink = steplog.MemorySink()
        with (
            steplog.Recorder(sink=sink, content=content, detail="all") as recorder,
            recorder.run("r", **of_run) as run,
        ):
            run.custom(one, two)
            run.retry(two, wait_ms=one, error=two)
            for step in (
                run.tool(one, two, **of_step),
                run.llm(one, two, **of_step),
                run.retriever(one, two, **of_step),
                run.node(one, **of_step),
                run.agent("a", **of_step),
                run.step(kind, one, **of_step),
            ):
                with step as call:
                    call.set(**of_end)
                    call.first_token()
            run.set(**of_end)
        found = [r for r in sink.records if r["ev"] != "llm.first_token"]
        assert invalid(sink.records) == []
        assert [r for r in sink.records if r["ev"] == "log.error"] == []
        assert len({r["run"] for r in found if "run" in r}) == 1
        assert [r["ev"].partition(".")[2] for r in found] == [
            "open",
            "start",
            "point",
            "point",
            *["start", "end"] * 6,
            "end",
            "close",
        ]

    check()


NAMED = {
    "the run's id": lambda run: run.tool("t", run="x"),
    "a step number": lambda run: run.node("n", step=3),
    "a parent": lambda run: run.agent("a", parent=9),
    "an event": lambda run: run.llm("m", ev="tool.start"),
    "a line number": lambda run: run.retriever("r", seq=1),
    "a time": lambda run: run.tool("t", ts="now", w="writer", chain="0"),
    "what the recorder finds out": lambda run: run.tool("t", ms=3, implied=True, start_lost=True, asked_by=7),
}


@pytest.mark.parametrize("case", NAMED)
def test_nothing_that_is_told_gets_into_the_envelope(sink, case):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        with NAMED[case](run) as call:
            call.set(run="y", step=5, seq=2, ev="run.end", ms=9, implied=True, totals={"steps": 9})
    start, end = sink.records[2:4]
    assert {r["run"] for r in sink.records if "run" in r} == {run.id.hex[16:]}
    assert (start["step"], end["step"], start.get("parent")) == (1, 1, None)
    assert ([r["seq"] for r in sink.records], "implied" in end) == ([1, 2, 3, 4, 5, 6], False)
    assert end["extra"] == {
        "run": "y",
        "step": 5,
        "seq": 2,
        "ev": "run.end",
        "ms": 9,
        "implied": True,
        "totals": {"steps": 9},
    }
    assert start["extra"]
    assert invalid(sink.records) == []


def test_an_adapter_cannot_get_into_the_envelope_either(sink):
    with steplog.Recorder(sink=sink) as recorder:
        steps = recorder._steps
        steps.start(1, "run", "r", run_fields={"run": "x", "ev": "y", "id": "z"}, fields={"step": 3})
        steps.start(
            2, "tool", "t", parent=1, fields={"run": "x", "step": 9, "parent": 8, "failure": {"a": 1}}
        )
        steps.point("custom", parent=2, fields={"name": "n", "step": 4, "run": "x"})
        steps.end(2, fields={"run": "x", "implied": True, "ms": 3})
        steps.end(1, fields={"run": "x", "totals": {}})
    assert len({r["run"] for r in sink.records if "run" in r}) == 1
    assert [r.get("step") for r in sink.records] == [None, None, 1, 2, 1, None, None]
    assert all("extra" in r for r in sink.records if "run" in r)
    assert invalid(sink.records) == []


def test_an_unknown_kind_is_written_as_a_node_and_the_kind_that_was_meant_is_named(sink, capsys):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for _ in range(3):
            with run.step("tol", "search") as step, step.tool("inside"):
                step.set(output=1)
    starts = [r for r in sink.records if r["ev"] == "node.start"]
    assert [(r["name"], r["extra"]) for r in starts] == [("search", {"kind": "tol"})] * 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert (
        "unknown kind of step 'tol', written as a node with the kind under `extra`; did you mean 'tool'?"
        in said
    )
    assert [r.get("parent") for r in sink.records if r["ev"] == "tool.start"] == [1, 3, 5]


@pytest.mark.parametrize("kind", ["run", "custom", None, ["x"], 5])
def test_what_can_be_no_kind_of_step_is_a_node(sink, kind):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run, run.step(kind, "n"):
        pass
    assert [r["ev"] for r in sink.records[2:4]] == ["node.start", "node.end"]
    assert "kind" in sink.records[2]["extra"]


def test_a_misspelt_field_is_kept_and_the_one_that_was_meant_is_named_once(sink, capsys):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for _ in range(2):
            with run.llm("m", provder="acme") as call:
                call.set(usagee={"input_tokens": 3}, finish_reason="stop")
    start, end = sink.records[2:4]
    assert start["extra"] == {"provder": "acme"}
    assert (end["extra"], end["finish_reason"]) == ({"usagee": {"input_tokens": 3}}, "stop")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "unknown field of llm.start 'provder', written under `extra`; did you mean 'provider'?" in said[0]
    assert "unknown field of llm.end 'usagee', written under `extra`; did you mean 'usage'?" in said[1]


def test_a_misspelt_token_count_is_kept_and_the_others_count(sink, capsys):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        with run.llm("m") as call:
            call.set(usage={"input_tokens": 3, "output_token": 1, "total_tokens": -1})
        assert run.totals == {"steps": 1, "llm_calls": 1, "input_tokens": 3, "models": ["m"]}
    end = sink.records[3]
    assert end["usage"] == {"input_tokens": 3}
    assert end["extra"] == {"usage": {"output_token": 1, "total_tokens": -1}}
    assert "did you mean 'output_tokens'?" in capsys.readouterr().err


def test_an_unknown_status_is_kept_and_said(sink, capsys):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run, run.tool("t") as call:
        call.set(status="canceled", extra={"mine": 1})
    end = sink.records[3]
    assert (end.get("status"), end["extra"]) == (None, {"mine": 1, "status": "canceled"})
    assert "did you mean 'cancelled'?" in capsys.readouterr().err


def test_a_known_field_in_a_form_that_it_cannot_have_is_kept_and_said(sink, capsys):
    with (
        steplog.Recorder(sink=sink) as recorder,
        recorder.run("r", tags=[["a"]], thread=uuid.UUID(int=5)) as run,
    ):
        with run.llm(["m"], params="hot", tools=[{"name": "look"}], attempt="two") as call:
            call.set(cached="yes", error={"message": "m", "why": "?"})
    begun, start, end = sink.records[1:4]
    assert (begun["thread"], begun["extra"]) == (str(uuid.UUID(int=5)), {"tags": [["a"]]})
    assert start["extra"] == {"model": ["m"], "params": "hot", "tools": [{"name": "look"}], "attempt": "two"}
    assert end["error"] == {"type": "Error", "message": "m"}
    assert end["extra"] == {"cached": "yes", "error": {"message": "m", "why": "?"}}
    assert (
        "tags of run.start is a list of texts; what it was given is under `extra` there"
        in capsys.readouterr().err
    )
    assert invalid(sink.records) == []


@pytest.mark.parametrize("content", ["none", "preview"])
def test_what_has_no_place_is_content_and_is_kept_out_as_content_is(content):
    sink = steplog.MemorySink()
    with (
        steplog.Recorder(sink=sink, content=content) as recorder,
        recorder.run("r") as run,
        run.tool("t", note="secret " * 99),
    ):
        pass
    assert b"secret " * 40 not in b"".join(sink.lines)
    assert ("extra" in sink.records[2]) == (content == "preview")


def test_what_has_no_place_is_masked_as_all_is(sink):
    key = "sk-proj-" + "Ab3" * 12
    with (
        steplog.Recorder(sink=sink) as recorder,
        recorder.run("r", **{f"note {key}": key, "password": "hunter2!"}),
    ):
        pass
    assert key.encode() not in b"".join(sink.lines)
    assert b"hunter2" not in b"".join(sink.lines)
    assert sink.records[1]["extra"]["password"] == "[masked:password]"


def test_there_are_not_warnings_without_end(sink, capsys):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for n in range(500):
            with run.tool("t", **{f"field{n}": n}):
                pass
    assert capsys.readouterr().err.count("\n") <= 50
    assert len([r for r in sink.records if "extra" in r]) == 500


def test_a_prompt_may_be_a_text_a_message_or_a_tuple_and_an_answer_a_text(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for prompt in ("hi", {"role": "user", "content": "hi"}, ({"role": "user", "content": "hi"},), []):
            with run.llm("m", prompt) as call:
                call.set(message="yo")
        with run.tool("t") as call:
            call.set(message="42")
    starts = [r for r in sink.records if r["ev"] == "llm.start"]
    assert [r.get("prompt") for r in starts] == ["1", "1", "1", None]
    assert starts[0]["messages"] == [{"m": 1, "role": "user", "content": "hi"}]
    assert [r["message"] for r in sink.records if r["ev"] == "llm.end"] == [
        {"m": 2, "role": "assistant", "content": "yo"}, 2, 2, 2,
    ]  # fmt: skip
    assert sink.records[-3]["message"] == {"m": 3, "role": "tool", "content": "42"}


def test_what_a_providers_message_has_besides_is_told_as_well(sink):
    given = {
        "role": "assistant",
        "content": None,
        "refusal": "no",
        "tool_calls": [{"id": "c"}],
        "audio": {"id": 1},
    }
    with (
        steplog.Recorder(sink=sink) as recorder,
        recorder.run("r") as run,
        run.llm("m", [given, {"content": "x"}]),
    ):
        pass
    first, second = sink.records[2]["messages"]
    assert first == {
        "m": 1,
        "role": "assistant",
        "tool_calls": [{"id": "c"}],
        "extra": {"refusal": "no", "audio": {"id": 1}},
    }
    assert second == {"m": 2, "role": "unknown", "content": "x"}


def test_documents_may_be_texts_and_what_a_document_has_besides_is_its_metadata(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run, run.retriever("r", "q") as call:
        call.set(documents=["a text", {"id": 7, "content": "c", "score": 0.5, "page": 3}])
    assert sink.records[3]["documents"] == [
        {"content": "a text"},
        {"id": "7", "content": "c", "score": 0.5, "metadata": {"page": 3}},
    ]
    assert invalid(sink.records) == []


def test_what_fails_in_one_field_costs_that_field_and_leaves_a_log_error(sink, monkeypatch):
    class Unhashable:
        __hash__ = None
        id = name = property(lambda self: self)

    from steplog.integration import MessageType, register_message_type

    register_message_type(
        Unhashable,
        MessageType(lambda m: ({}, {"role": "user", "content": "x"}, (m, None)), lambda m, k: True),
    )
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        said = {"role": "user", "content": "before"}
        with run.llm("m", [said, Unhashable()], provider="acme"):
            pass
        with run.llm("m", [said]):
            pass
    starts = [r for r in sink.records if r["ev"] == "llm.start"]
    assert (starts[0]["provider"], "prompt" in starts[0]) == ("acme", False)
    assert [r["where"] for r in sink.records if r["ev"] == "log.error"] == ["llm.start messages"]
    assert [m["content"] for m in starts[1]["messages"]] == [
        "before"
    ]  # the first line did not say it after all
