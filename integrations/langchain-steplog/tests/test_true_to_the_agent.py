"""The agent does what it did without us: same results, same streams, whatever its values are."""

import asyncio
import copy
import json
import pickle

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import FakeListLLM
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from lc_agents import AIMessage, ScriptedModel, calls, create_agent, five_step_agent

from langchain_steplog import StepLogHandler

SECRET = "sk-proj-abcdefghijklmnop0123456789"


class Unspeakable:
    def __str__(self):
        raise RuntimeError("foreign code ran")

    __repr__ = __str__


def hostile_values():
    cyclic = {"name": "loop"}
    cyclic["self"] = cyclic
    return {
        "surrogate": "a\ud800b",
        "nan": float("nan"),
        "huge": 2**70,
        "bytes": b"\x00\xff",
        "cyclic": cyclic,
        "unspeakable": Unspeakable(),
        "generator": (i for i in range(3)),
    }


def test_hostile_values_reach_the_agent_as_they_are_and_the_log_as_json(recorded):
    handler, sink = recorded(detail="all")
    values = hostile_values()
    result = RunnableLambda(lambda _: values).invoke("x", {"callbacks": [handler]})
    assert result is values
    assert list(values["generator"]) == [0, 1, 2]
    output = next(r for r in sink.records if r["ev"] == "run.end")["output"]
    assert output == {
        "surrogate": "a\\ud800b",
        "nan": {"$num": "nan"},
        "huge": {"$num": str(2**70)},
        "bytes": {"$blob": output["bytes"]["$blob"]},
        "cyclic": {"name": "loop", "self": {"$cut": {"cycle": True}}},
        "unspeakable": {"$type": f"{__name__}.Unspeakable"},
        "generator": {"$type": "generator"},
    }


@pytest.mark.parametrize("value", hostile_values().values(), ids=hostile_values())
def test_a_tool_that_returns_anything_gives_the_agent_the_same(recorded, value):
    @tool(response_format="content_and_artifact")
    def odd() -> tuple[str, object]:
        """Return something odd beside the text."""
        return "text", value

    def run(callbacks):
        model = ScriptedModel(script=[calls("odd", "c1"), AIMessage("done")])
        return create_agent(model, [odd]).invoke({"messages": [("user", "go")]}, {"callbacks": callbacks})

    handler, sink = recorded()
    plain, logged = run([]), run([handler])
    assert [m.content for m in logged["messages"]] == [m.content for m in plain["messages"]]
    assert logged["messages"][2].artifact is value
    for line in sink.lines:
        json.loads(line, parse_constant=lambda word: pytest.fail(f"not JSON: {word}"))


def test_a_secret_is_in_no_byte_and_its_kinds_are_counted(recorded):
    @tool
    def login(api_key: str, note: str) -> str:
        """Log in."""
        return f"logged in with {SECRET}"

    @tool
    def fails() -> str:
        """Fail."""
        raise ValueError(f"bad key {SECRET}")

    handler, sink = recorded(detail="all")
    script = [calls("login", "c1", api_key="hunter2-hunter2", note=f"use {SECRET}"), calls("fails", "c2")]
    agent = create_agent(ScriptedModel(script=script), [login, fails])
    with pytest.raises(ValueError, match="bad key"):
        agent.invoke({"messages": [("user", f"my key is {SECRET}")]}, {"callbacks": [handler]})
    handler.close()
    log = b"".join(sink.lines)
    assert SECRET.encode() not in log
    assert b"hunter2" not in log
    masked = sink.records[-1]["masked"]
    assert masked["openai_key"] >= 4
    assert masked["api_key"] >= 1
    assert next(r for r in sink.records if r["ev"] == "run.end")["masked"] == masked


async def test_async_sync_batch_and_stream_give_equal_results(recorded):
    question = {"messages": [("user", "add and fetch")]}

    def contents(result):
        return [m.content for m in result["messages"]]

    plain = contents(five_step_agent()[0].invoke(question))
    handler, sink = recorded()
    config = {"callbacks": [handler]}
    assert contents(five_step_agent()[0].invoke(question, config)) == plain
    assert contents(await five_step_agent()[0].ainvoke(question, config)) == plain
    assert contents(list(five_step_agent()[0].stream(question, config, stream_mode="values"))[-1]) == plain
    ends = [r for r in sink.records if r["ev"] == "run.end"]
    assert [(e.get("status"), e["totals"]["llm_calls"], e["totals"]["tool_calls"]) for e in ends] == [
        (None, 3, 2)
    ] * 3
    assert handler._steps.sizes()["steps"] == 0


async def test_async_hooks_run_in_the_loop_and_leave_other_handlers_theirs(recorded):
    class Other(AsyncCallbackHandler):
        def __init__(self):
            self.seen = []

        async def on_llm_start(self, *args, **kwargs):
            self.seen.append("start")

        async def on_llm_end(self, *args, **kwargs):
            self.seen.append("end")

    other = Other()
    handler, sink = recorded()
    await FakeListLLM(responses=["hello"]).ainvoke("hi", {"callbacks": [handler, other]})
    assert other.seen == ["start", "end"]
    assert [r["ev"] for r in sink.records if "run" in r] == ["run.start", "llm.start", "llm.end", "run.end"]


def test_the_hooks_are_coroutine_functions_to_inspect_and_run_when_called(recorded):
    import inspect
    import uuid

    handler, sink = recorded()
    assert inspect.iscoroutinefunction(handler.on_chain_start)
    run_id = uuid.uuid4()
    returned = handler.on_chain_start({}, {"a": 1}, run_id=run_id)
    assert sink.records[-1]["ev"] == "run.start"
    assert not asyncio.iscoroutine(returned)

    async def await_it():
        return await handler.on_chain_end({"b": 2}, run_id=run_id)

    assert asyncio.run(await_it()) is None
    assert sink.records[-1]["ev"] == "run.end"


def test_a_streamed_answer_has_its_time_to_first_token_and_its_whole_text(recorded):
    handler, sink = recorded()
    model = ScriptedModel(script=[AIMessage("one two three")])
    text = "".join(str(chunk.content) for chunk in model.stream("hi", {"callbacks": [handler]}))
    end = next(r for r in sink.records if r["ev"] == "llm.end")
    assert text == end["message"]["content"] == "one two three"
    assert 0 < end["ttft_ms"] <= end["ms"]
    assert end["usage"] == {"input_tokens": 1, "output_tokens": 7}


async def test_streams_at_the_same_time_have_each_their_first_token(recorded):
    handler, sink = recorded()
    config = {"callbacks": [handler]}
    streams = [ScriptedModel(script=[AIMessage("a b c d")]).astream("hi", config) for _ in range(2)]
    for _ in range(4):
        for stream in streams:
            await anext(stream)
    for stream in streams:
        await stream.aclose()
    ends = [r for r in sink.records if r["ev"] == "llm.end"]
    assert len(ends) == 2
    assert all(0 < e["ttft_ms"] <= e["ms"] for e in ends)


def test_a_subclass_gets_every_token():
    from steplog import MemorySink

    class Counting(StepLogHandler):
        seen = 0

        def on_llm_new_token(self, token, **kwargs):
            self.seen += 1
            return super().on_llm_new_token(token, **kwargs)

    handler = Counting(sink=MemorySink())
    list(ScriptedModel(script=[AIMessage("a b c d")]).stream("hi", {"callbacks": [handler]}))
    assert handler.seen >= 4
    handler.close()


def test_a_handler_survives_copies_and_pickles(tmp_path):
    handler = StepLogHandler(tmp_path / "logs")
    model = ScriptedModel(script=[AIMessage("hi")], callbacks=[handler])
    copied = copy.deepcopy(model)
    assert copied.callbacks[0] is handler
    assert copy.copy(handler) is handler
    assert copy.deepcopy(RunnableLambda(str).with_config(callbacks=[handler])).invoke(1) == "1"
    again = pickle.loads(pickle.dumps(handler))
    assert again._steps is handler._steps
    model.model_copy(deep=True).invoke("x")
    again.close()
    handler.close()
    (segment,) = (tmp_path / "logs").iterdir()
    assert segment.read_bytes().count(b'"ev":"run.start"') == 2


def test_a_run_that_two_handlers_see_is_written_once(tmp_path):
    one, two = StepLogHandler(tmp_path / "logs"), StepLogHandler(tmp_path / "logs")
    model = ScriptedModel(script=[AIMessage("hi")], callbacks=[two])
    (RunnableLambda(lambda x: x) | model).invoke("hello", {"callbacks": [one]})
    one.close()
    two.close()
    (segment,) = (tmp_path / "logs").iterdir()
    events = [json.loads(line)["ev"] for line in segment.read_bytes().splitlines()]
    assert events == ["log.open", "run.start", "llm.start", "llm.end", "run.end", "log.close"]


def test_a_broken_log_directory_changes_nothing_but_stderr(tmp_path, capsys):
    (tmp_path / "logs").write_text("in the way")
    plain = five_step_agent()[0].invoke({"messages": [("user", "x")]})
    handler = StepLogHandler(tmp_path / "logs")
    logged = five_step_agent()[0].invoke({"messages": [("user", "x")]}, {"callbacks": [handler]})
    handler.close()
    assert [m.content for m in logged["messages"]] == [m.content for m in plain["messages"]]
    err = capsys.readouterr().err
    first, last = err.splitlines()  # at once what is wrong, and at the end what it cost
    assert first.startswith(f"steplog: cannot write {tmp_path / 'logs'}: ")
    assert " lines are lost" in last
    assert (tmp_path / "logs").read_text() == "in the way"
