"""Messages of a framework's own: edits are seen against copies, not against what was edited."""

import pytest

import steplog
from steplog.integration import MessageType, register_message_type


class Said:
    def __init__(self, text, calls):
        self.text = text
        self.calls = calls


def _take(message):
    mark = (message.text, repr(message.calls))
    return mark, {"role": "assistant", "content": message.text, "tool_calls": message.calls}, (None, None)


def _same(message, mark):
    return (message.text, repr(message.calls)) == mark


register_message_type(Said, MessageType(_take, _same))


@pytest.mark.parametrize("content", ["full", "none"])
def test_an_edit_in_place_of_what_is_read_without_a_copy_is_told(content):
    sink = steplog.MemorySink()
    said = Said("one", [{"id": "c", "name": "look", "args": {"page": 1}}])
    with steplog.Recorder(sink=sink, content=content) as recorder, recorder.run("r") as run:
        for page in (1, 2, 2):
            said.calls[0]["args"]["page"] = page
            with run.llm(messages=[said]):
                pass
    starts = [record for record in sink.records if record["ev"] == "llm.start"]
    assert [start["prompt"] for start in starts] == ["1", "2", "2"]
    if content == "full":
        edited = starts[1]["messages"][0]
        assert (edited["m"], edited["like"]) == (2, 1)
        assert edited["tool_calls"][0]["args"] == {"page": 2}
        assert "messages" not in starts[2]


class Barbed:
    """Answers no question about itself."""

    def __bool__(self):
        raise AssertionError("its code was run")

    __eq__ = __ne__ = __bool__
    __hash__ = object.__hash__


def llm_starts(*prompts, **settings):
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink, **settings) as recorder, recorder.run("r") as run:
        for prompt in prompts:
            with run.llm(messages=prompt):
                pass
    assert [r for r in sink.records if r["ev"] == "log.error"] == []
    return [r for r in sink.records if r["ev"] == "llm.start"]


def test_an_id_is_whatever_it_is():
    asked = {"role": "user", "content": "x"}
    (start,) = llm_starts(
        [asked | {"id": 0, "name": 0}, asked | {"id": Barbed()}, asked | {"id": "", "name": ""}, asked]
    )
    assert start["prompt"] == "1-3,3"
    zero, barbed, bare = start["messages"]
    assert (zero["id"], zero["name"]) == ("0", "0")
    assert barbed["extra"]["id"]["$type"].endswith("Barbed")
    assert "id" not in barbed
    assert "id" not in bare


@pytest.mark.parametrize(
    "settings", [{}, {"content": "preview"}, {"redactor": str}], ids=["full", "preview", "redactor"]
)
def test_an_id_that_is_a_long_text_is_in_its_message(settings):
    long = "w " * 200
    (start,) = llm_starts([{"role": "user", "content": "c " * 200, "id": long}], **settings)
    assert start["messages"][0]["id"] == long


def test_a_usage_that_no_json_holds_costs_no_line():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run, run.llm() as call:
        call.set(usage={"input_tokens": 3, "odd": Barbed(), "huge": 2**80})
    (end,) = [r for r in sink.records if r["ev"] == "llm.end"]
    assert end["usage"] == {"input_tokens": 3}
    assert end["extra"]["usage"]["odd"]["$type"].endswith("Barbed")


def test_nothing_else_of_such_a_line_is_looked_at_twice():
    sink = steplog.MemorySink()
    said = {"role": "assistant", "content": "word " * 3000}
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run, run.llm() as call:
        call.set(message=said, usage={"input_tokens": Barbed()})
    (end,) = [r for r in sink.records if r["ev"] == "llm.end"]
    assert end["message"]["content"] == said["content"]


def test_a_long_name_is_written_each_time():
    sink = steplog.MemorySink()
    name = "look " * 100
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for _ in range(2):
            with run.tool(name):
                pass
    assert [r["name"] for r in sink.records if r["ev"] == "tool.start"] == [name, name]


def test_what_a_step_says_of_tool_calls_it_asked_for_is_in_no_line():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        with run.node("n") as node:
            node.set(asks=["call_1"])
        with run.tool("t", call_id="call_1"):
            pass
    assert [r for r in sink.records if "asks" in r] == []
    assert [r["asked_by"] for r in sink.records if r["ev"] == "tool.start"] == [1]


def test_of_an_id_and_a_name_only_what_is_new_is_set():
    said = {"role": "assistant", "content": "x", "id": "i"}
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for name in (None, "Ada", "Ada", "Bea"):
            if name is not None:
                said["name"] = name
            with run.llm(messages=[said]):
                pass
    starts = [r for r in sink.records if r["ev"] == "llm.start"]
    assert [r.get("messages") for r in starts] == [
        [{"m": 1, "role": "assistant", "content": "x", "id": "i"}],
        [{"m": 1, "set": {"name": "Ada"}}],
        None,
        [{"m": 1, "set": {"name": "Bea"}}],
    ]


def test_what_gets_a_name_after_a_like_was_said_is_another_message():
    first, second = ({"role": "user", "content": "x"} for _ in range(2))
    (start, named) = llm_starts([first, second], [first | {"name": "Ada"}, second])
    assert start["prompt"] == "1,1"
    assert named["messages"] == [{"m": 2, "role": "user", "content": "x", "name": "Ada"}]
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for name in (None, "Ada"):
            if name is not None:
                first["name"] = name
            with run.llm(messages=[first, second]):
                pass
    named = [r for r in sink.records if r["ev"] == "llm.start"][1]
    assert named["prompt"] == "2,1"


def test_an_edit_that_is_taken_back_by_an_equal_value_leaves_one_message():
    said = {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "c", "name": "look", "args": {"q": "a"}}],
    }
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        with run.llm(messages=[said]):
            pass
        said["tool_calls"] = [{"id": "c", "name": "look", "args": {"q": "a"}}]
        with run.llm(messages=[said]):
            pass
        said["id"] = "i"
        with run.llm(messages=[said]):
            pass
    first, again, named = (r for r in sink.records if r["ev"] == "llm.start")
    assert (first["prompt"], again["prompt"], "messages" in again) == ("1", "1", False)
    assert named["messages"] == [{"m": 1, "set": {"id": "i"}}]


def test_what_is_no_message_stands_as_the_content_of_one():
    (start,) = llm_starts([7, {"role": "user", "content": "x"}])
    assert start["messages"][0] == {"m": 1, "role": "unknown", "content": 7}
