"""Fields that hold what was said: the same bytes with and without a walk, and as deep and as many as the settings allow."""

import pytest

import steplog

SECRET = "sk-proj-" + "Ab3" * 12


def told(value, **settings):
    """What the log has of a value: as it is told, and where a secret beside it makes the writer walk it."""
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink, **settings) as recorder, recorder.run("r") as run:
        run.custom("quick", value)
        with run.tool("walked", args=value) as call:
            call.set(result=SECRET)
            run.custom("beside", [value, SECRET])
    points = {r["name"]: r["data"] for r in sink.records if r["ev"] == "custom.point"}
    return points["quick"], points["beside"][0]


def nested(depth, kind=list):
    value = "leaf"
    for _ in range(depth):
        value = [value] if kind is list else {"in": value}
    return value


def depth_of(value):
    depth = 0
    while isinstance(value, list | dict) and "$cut" not in value:
        value, depth = (value[0] if isinstance(value, list) else value["in"]), depth + 1
    return depth, value


@pytest.mark.parametrize("kind", [list, dict])
@pytest.mark.parametrize("limit", [4, 7])
def test_a_value_is_whole_to_the_very_depth_that_is_allowed_and_no_deeper(kind, limit):
    quick, _ = told(nested(limit + 1, kind), max_depth=limit)
    assert depth_of(quick) == (limit + 1, "leaf")
    quick, _ = told(nested(limit + 2, kind), max_depth=limit)
    assert depth_of(quick) == (limit + 1, {"$cut": {"depth": limit + 1, "setting": "max_depth"}})
    _, beside = told(nested(limit, kind), max_depth=limit)  # one deeper, as it stands in a list
    assert depth_of(beside) == (limit, "leaf")
    _, beside = told(nested(limit + 1, kind), max_depth=limit)
    assert depth_of(beside) == (limit, {"$cut": {"depth": limit + 1, "setting": "max_depth"}})


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "x" * 256], "b": {"c": ()}},
        [{"n": n} for n in range(100)],
        {"long": "w " * 200, "too": "w " * 200},
        "data:image/png;base64,iVBORw0KGgo=",
    ],
    ids=["small", "rows", "long texts", "an image"],
)
def test_what_a_quick_look_lets_through_is_what_a_walk_writes(value):
    quick, beside = told(value)
    assert quick == beside or "$same" in str(beside)


def test_a_value_that_may_hold_a_secret_is_walked_and_what_stands_beside_it_is_not_changed():
    sink = steplog.MemorySink()
    with (
        steplog.Recorder(sink=sink) as recorder,
        recorder.run("r", input={"key": SECRET}, metadata={"team": "search"}),
    ):
        pass
    start = sink.records[1]
    assert start["input"] == {"key": "[masked:openai_key]"}
    assert start["metadata"] == {"team": "search"}


def test_tools_are_told_once_a_run_and_again_where_they_change():
    sink = steplog.MemorySink()
    short, long = ["look"], [f"look_up_number_{n}" for n in range(30)]
    defs = [{"name": "look", "parameters": {"type": "object"}}]
    with steplog.Recorder(sink=sink) as recorder:
        for _ in range(2):
            with recorder.run("r") as run:
                for tools, tool_defs in (
                    (short, defs),
                    (short, [dict(defs[0])]),
                    (long, defs),
                    (long, [{"name": "x"}]),
                    (short, defs),
                ):
                    with run.llm("m", tools=tools, tool_defs=tool_defs):
                        pass
    starts = [r for r in sink.records if r["ev"] == "llm.start"]
    assert [r["tools"] for r in starts] == [short, short, long, {"$same": [3, "tools"]}, short] * 2
    assert [r.get("tool_defs") for r in starts] == [defs, None, None, [{"name": "x"}], None] * 2


def test_definitions_that_hold_a_secret_are_masked_each_time(sink):
    defs = [{"name": "look", "description": f"with {SECRET}"}]
    with steplog.Recorder(sink=sink) as recorder:
        for _ in range(3):
            with recorder.run("r") as run, run.llm("m", tool_defs=defs):
                pass
    assert SECRET.encode() not in b"".join(sink.lines)
    assert [r["tool_defs"][0]["description"] for r in sink.records if r["ev"] == "llm.start"] == [
        "with [masked:openai_key]"
    ] * 3


def test_with_no_content_a_line_says_how_much_it_kept_out_where_no_tokens_do():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink, content="none") as recorder, recorder.run("r", input="12345") as run:
        with run.tool("t", args={"q": "123"}) as call:
            call.set(message={"role": "tool", "content": "1234", "tool_call_id": "c"})
        with run.llm("m", [{"role": "user", "content": "hi"}], tools=["look"], tool_defs=[{"a": 1}]) as call:
            call.set(message="yo", usage={"input_tokens": 1})
        with run.llm("m") as call:
            call.set(
                message={
                    "role": "assistant",
                    "content": "12",
                    "tool_calls": [{"id": "c", "args": {"q": "345"}}],
                }
            )
        with run.retriever("r", "12") as call:
            call.set(documents=[{"score": 0.5, "content": "123456"}])
        run.custom("n", ["1", {"2": "3456"}])
    found = [(r["ev"], r.get("chars")) for r in sink.records if "run" in r]
    assert found == [
        ("run.start", None), ("tool.start", 3), ("tool.end", 4), ("llm.start", None), ("llm.end", None), ("llm.start", None),
        ("llm.end", 5), ("retriever.start", 2), ("retriever.end", 6), ("custom.point", 5), ("run.end", None),
    ]  # fmt: skip
    told = [r for r in sink.records if "run" in r]
    assert told[8]["documents"] == [{"score": 0.5}]
    assert not any(
        name in r
        for r in told
        for name in ("input", "args", "message", "messages", "tools", "tool_defs", "data")
    )


def test_of_a_line_that_is_too_long_the_texts_are_shortened_and_then_left_as_sizes(sink):
    with steplog.Recorder(sink=sink, max_line_bytes=4096) as recorder, recorder.run("r") as run:
        run.custom("long", "w " * 5000)
        run.custom("many", {f"k{n}": f"{n} w " * 100 for n in range(40)})
        run.custom("again", "w " * 5000)
    long, many, again = (r["data"] for r in sink.records if r["ev"] == "custom.point")
    assert set(long["$cut"]) >= {"bytes", "sha256"}
    assert set(many["$cut"]) == {"bytes", "setting"}
    assert set(again["$cut"]) >= {"bytes", "sha256"}  # what no line has in full is pointed at by none
    assert max(map(len, sink.lines)) <= 4096
    assert sink.records[-1]["cut"] >= 3


def test_half_a_character_and_control_characters_stay_visible_in_one_line(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        run.custom("\ud800 \x7f \u2028", {"\udfff": "\x85"})
    assert len(sink.lines[2].decode().splitlines()) == 1
    point = sink.records[2]
    assert (point["name"], point["data"]) == ("\\ud800 \x7f \u2028", {"\\udfff": "\x85"})
