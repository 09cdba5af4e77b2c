"""A recorded run answers again: the same results and the same trajectory, and a changed prompt fails with words."""

import asyncio

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.tools import tool
from lc_agents import AIMessage, ScriptedModel, calls, create_agent
from pydantic import BaseModel

import steplog
from langchain_steplog import ReplayModel, StepLogHandler, recorded_tools
from steplog.testing import CannotReplay, NothingLeft, PromptChanged

CALLED = []


@tool
def search(query: str) -> str:
    """Look something up."""
    CALLED.append(query)
    return f"all about {query}"


def answer(text):
    usage = {
        "input_tokens": 9,
        "output_tokens": 2,
        "total_tokens": 11,
        "input_token_details": {"cache_read": 4},
    }
    return AIMessage(text, usage_metadata=usage, response_metadata={"finish_reason": "stop"})


def script():
    return [calls("search", "c1", query="tea"), calls("search", "c2", query="milk"), answer("Tea with milk.")]


def build(model, tools=(search,), prompt="Be brief."):
    return create_agent(model, list(tools), system_prompt=prompt, name="helper")


ASKED = {"messages": [("user", "What to drink?")]}


@pytest.fixture
def record(tmp_path):
    """A function: runs an agent into a log of its own; gives the run and what the agent gave back."""
    count = iter(range(100))

    def recorded(agent, given=ASKED, **settings):
        path = tmp_path / f"log{next(count)}"
        handler = StepLogHandler(path, **settings)
        result = agent.invoke(given, {"callbacks": [handler]})
        handler.close()
        return steplog.read(path).run("@last"), result

    CALLED.clear()
    return recorded


def trajectory(run):
    return [
        (step.kind, step.name, step.fields.get("args"), (step.message or {}).get("content"))
        for step in run.steps
        if step.kind != "llm"
    ]


def test_a_recorded_agent_replays_to_the_same_result_and_trajectory(record):
    run, result = record(build(ScriptedModel(script=script())))
    again, same = record(build(ReplayModel(run)))
    assert same["messages"][-1].content == result["messages"][-1].content == "Tea with milk."
    assert trajectory(again) == trajectory(run)
    assert again.totals["input_tokens"] == run.totals["input_tokens"]
    before, last = ([step for step in one.steps if step.kind == "llm"][-1] for one in (run, again))
    assert last.usage == before.usage
    assert last.fields.get("finish_reason") == before.fields.get("finish_reason")


def test_usage_and_finish_reason_are_the_recorded_ones(record):
    model = GenericFakeChatModel(messages=iter([answer("Tea.")]))
    run, _ = record(model, "What?")
    replayed = ReplayModel(run).invoke("What?")
    assert replayed.usage_metadata["input_token_details"] == {"cache_read": 4}
    assert replayed.response_metadata["finish_reason"] == "stop"


def test_tools_may_answer_from_the_run_too(record):
    run, _ = record(build(ScriptedModel(script=script())))
    CALLED.clear()
    model = ReplayModel(run, tools="recorded")
    again, result = record(build(model, model.replayed([search])))
    assert CALLED == []
    assert result["messages"][-1].content == "Tea with milk."
    assert trajectory(again) == trajectory(run)
    assert model.left == 0


def test_a_changed_prompt_fails_with_the_difference_in_words(record):
    run, _ = record(build(ScriptedModel(script=script())))
    with pytest.raises(
        PromptChanged, match=r"model call 2 is another one: message 1 \(system\) was .*brief.*, and is .*long"
    ):
        build(ReplayModel(run), prompt="Be long.").invoke(ASKED)


def test_without_strict_the_next_answer_is_given_whatever_is_asked(record):
    run, _ = record(build(ScriptedModel(script=script())))
    result = build(ReplayModel(run, strict=False), prompt="Be long.").invoke(ASKED)
    assert result["messages"][-1].content == "Tea with milk."


def test_who_asks_once_more_is_told_so(record):
    run, _ = record(build(ScriptedModel(script=script())))
    model = ReplayModel(run)
    build(model).invoke(ASKED)
    with pytest.raises(NothingLeft):
        build(model).invoke(ASKED)


def test_calls_that_come_in_another_order_find_their_answers(tmp_path):
    handler = StepLogHandler(tmp_path / "log")
    model = ScriptedModel(script=[AIMessage("one"), AIMessage("two")])
    from langchain_core.runnables import RunnableLambda

    RunnableLambda(lambda _: (model.invoke("a"), model.invoke("b"))).invoke(0, {"callbacks": [handler]})
    handler.close()
    replay = ReplayModel(steplog.read(tmp_path / "log").run("@last"))
    assert (replay.invoke("b").content, replay.invoke("a").content) == ("two", "one")


def test_an_answer_is_streamed_in_pieces(record):
    run, _ = record(build(ScriptedModel(script=script())))
    model = ReplayModel(run)
    prompts = [steplog_prompt(step) for step in run.steps if step.kind == "llm"]
    first = list(model.stream(prompts[0]))
    assert "".join(c["args"] for chunk in first for c in chunk.tool_call_chunks) == '{"query": "tea"}'
    model.invoke(prompts[1])
    pieces = [chunk.text for chunk in model.stream(prompts[2])]
    assert "".join(pieces) == "Tea with milk."
    assert len([piece for piece in pieces if piece]) == 3


def test_an_agent_that_is_awaited_and_streamed_replays(record):
    run, _ = record(build(ScriptedModel(script=script())))

    async def stream():
        return [chunk async for chunk in build(ReplayModel(run)).astream(ASKED, stream_mode="messages")]

    texts = [message.text for message, _ in asyncio.run(stream())]
    assert "Tea with milk." in "".join(texts)


class Drink(BaseModel):
    """What to drink."""

    name: str


def test_structured_output_replays(record):
    from langchain.agents.structured_output import ToolStrategy

    model = ScriptedModel(script=[calls("Drink", "c1", of="tea")])
    model.script[0].tool_calls[0]["args"] = {"name": "tea"}
    build_one = lambda m: create_agent(m, [], response_format=ToolStrategy(Drink))  # noqa: E731 - said twice below
    run, result = record(build_one(model))
    assert result["structured_response"] == Drink(name="tea")
    assert record(build_one(ReplayModel(run)))[1]["structured_response"] == Drink(name="tea")


def test_what_was_cut_is_said_before_the_run(record):
    run, _ = record(build(ScriptedModel(script=[AIMessage("x " * 5000)])), max_value_bytes=1000)
    with pytest.raises(CannotReplay, match="the answer of model call 2 was cut or left out"):
        ReplayModel(run)


def test_content_none_cannot_be_replayed(record):
    run, _ = record(build(ScriptedModel(script=script())), content="none")
    with pytest.raises(CannotReplay, match="model call 2 has no answer"):
        ReplayModel(run)


def test_masked_prompts_match_since_both_sides_are_masked(record):
    asked = {"messages": [("user", "my key is sk-proj-abcdefghijklmnop0123456789, what to drink?")]}
    run, _ = record(build(ScriptedModel(script=script())), asked)
    assert build(ReplayModel(run)).invoke(asked)["messages"][-1].content == "Tea with milk."


def test_one_agents_calls_may_be_replayed_alone(record):
    with pytest.raises(CannotReplay, match="no model calls of agent 'nobody'"):
        ReplayModel(record(build(ScriptedModel(script=script())))[0], agent="nobody")


def test_a_tool_that_is_called_otherwise_than_recorded_says_so(record):
    run, _ = record(build(ScriptedModel(script=script())))
    [replayed] = recorded_tools(run, [search])
    assert replayed.invoke({"query": "tea"}) == "all about tea"
    with pytest.raises(PromptChanged, match=r"search was never called with \{'query': 'beer'\}"):
        replayed.invoke({"query": "beer"})


def steplog_prompt(step):
    roles = {"user": "user", "system": "system", "assistant": "assistant", "tool": "tool"}
    return [
        {"role": roles[m["role"]], "content": m.get("content", ""), **({"tool_call_id": m["tool_call_id"]} if "tool_call_id" in m else {}),
         **({"tool_calls": [{**c, "type": "tool_call"} for c in m["tool_calls"]]} if "tool_calls" in m else {})}
        for m in step.prompt
    ]  # fmt: skip
