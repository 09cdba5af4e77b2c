"""A guard ends agents of LangChain and LangGraph: at the next call, or with an answer; sync, async, streamed, side by side."""

import asyncio

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, interrupt
from lc_agents import AIMessage, ScriptedModel, calls, create_agent, fetch
from provider_clients import anthropic, openai, weather
from provider_server import whole

import steplog

ASKED = {"messages": [("user", "go")]}


def looping(messages):
    """Asks for another page for ever, unless it is told that the budget is used up."""
    if str(messages[-1].content).startswith("The budget of this run is used up"):
        return AIMessage("as far as I got")
    asked = sum(m.type == "tool" for m in messages)
    return calls("fetch", f"c{asked}", page=str(asked))


def agent(**kwargs):
    return create_agent(ScriptedModel(script=[looping]), [fetch], **kwargs)


def graph(**compiled):
    model = ScriptedModel(script=[looping]).bind_tools([fetch])
    built = StateGraph(MessagesState)
    built.add_node("think", lambda state: {"messages": [model.invoke(state["messages"])]})
    built.add_node("act", ToolNode([fetch], handle_tool_errors=True))
    built.add_edge(START, "think")
    built.add_conditional_edges("think", lambda s: "act" if s["messages"][-1].tool_calls else END)
    built.add_edge("act", "think")
    return built.compile(**compiled)


async def awaited(built, config):
    return await built.ainvoke(ASKED, config)


async def streamed(built, config):
    return [state async for state in built.astream(ASKED, config, stream_mode="values")][-1]


async def tokens(built, config):
    last = None
    async for mode, state in built.astream(ASKED, config, stream_mode=["messages", "values"]):
        last = state if mode == "values" else last
    return last


WAYS = {
    "invoke": lambda built, config: built.invoke(ASKED, config),
    "stream": lambda built, config: list(built.stream(ASKED, config, stream_mode="values"))[-1],
    "ainvoke": lambda built, config: asyncio.run(awaited(built, config)),
    "astream": lambda built, config: asyncio.run(streamed(built, config)),
    "tokens": lambda built, config: asyncio.run(tokens(built, config)),
}


def config_of(handler, **more):
    return {"callbacks": [handler], "recursion_limit": 100, **more}


def count(sink, event):
    return sum(record["ev"] == event for record in sink.records)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("build", [agent, graph], ids=["create_agent", "graph"])
def test_a_looping_agent_is_stopped_at_the_next_call(recorded, build, way):
    handler, sink = recorded(detail="calls")
    with steplog.guard(max_steps=5), pytest.raises(steplog.BudgetExceeded, match="5 of 5 steps"):
        WAYS[way](build(), config_of(handler))
    assert count(sink, "llm.start") + count(sink, "tool.start") == 5
    assert sink.records[-1]["error"]["type"] == "BudgetExceeded"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("build", [agent, graph], ids=["create_agent", "graph"])
def test_a_looping_agent_answers_with_one_more_call(recorded, build, way):
    handler, sink = recorded(detail="calls")
    with steplog.guard(max_steps=5, then="wrap_up"):
        result = WAYS[way](build(), config_of(handler))
    assert result["messages"][-1].content == "as far as I got"
    assert result["messages"][-2].content.startswith("Not called: run ")
    assert count(sink, "llm.start") + count(sink, "tool.start") == 6
    assert sink.records[-1].get("status") is None
    points = [record["data"] for record in sink.records if record["ev"] == "custom.point"]
    assert [(data["limit"], data["then"]) for data in points] == [
        ("max_steps", "near"),
        ("max_steps", "wrap_up"),
    ]


def test_a_model_that_asks_for_tools_in_spite_of_all_is_not_given_any(recorded):
    handler, sink = recorded(detail="calls")
    stubborn = ScriptedModel(script=[lambda m: calls("fetch", f"c{len(m)}", page=str(len(m)))])
    with steplog.guard(max_steps=5, then="wrap_up"):
        result = create_agent(stubborn, [fetch]).invoke(ASKED, config_of(handler))
    assert (result["messages"][-1].type, result["messages"][-1].tool_calls) == ("ai", [])
    assert count(sink, "llm.start") + count(sink, "tool.start") == 6


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_deep_agents_sub_agent_is_ended_and_both_answer(recorded, way):
    pytest.importorskip("deepagents", reason="deepagents wants a newer LangGraph than the oldest we support")
    from deepagents import create_deep_agent

    handler, sink = recorded(detail="calls")

    def main_model(messages):
        if messages[-1].type == "tool":
            return AIMessage(f"the helper says: {messages[-1].content}")
        if str(messages[-1].content).startswith("The budget"):
            return AIMessage(f"the helper says: {messages[-2].content}")
        return calls("task", "c1", description="do it", subagent_type="helper")

    helper = {"name": "helper", "description": "helps", "system_prompt": "help", "tools": [fetch]}
    built = create_deep_agent(
        model=ScriptedModel(script=[main_model]),
        subagents=[{**helper, "model": ScriptedModel(script=[looping])}],
    )
    with steplog.guard(max_steps=8, then="wrap_up"):
        result = WAYS[way](built, config_of(handler))
    assert result["messages"][-1].content == "the helper says: as far as I got"
    # The limit, one call of the helper's and one of the main agent's; an agent is a step, too.
    assert count(sink, "llm.start") + count(sink, "tool.start") + count(sink, "agent.start") <= 8 + 2
    with steplog.guard(max_steps=8), pytest.raises(steplog.BudgetExceeded):
        WAYS[way](built, config_of(handler))


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_sub_agents_side_by_side_are_both_ended_and_all_answer(recorded, way):
    pytest.importorskip("deepagents", reason="deepagents wants a newer LangGraph than the oldest we support")
    from deepagents import create_deep_agent

    handler, sink = recorded(detail="calls")

    def main_model(messages):
        found = [m.text for m in messages if m.type == "tool"]
        if found:
            return AIMessage("; ".join(found))
        args = {"description": "do it", "subagent_type": "helper"}
        return AIMessage("", tool_calls=[{"name": "task", "args": args, "id": f"t{i}"} for i in (1, 2)])

    helper = {"name": "helper", "description": "helps", "system_prompt": "help", "tools": [fetch]}
    built = create_deep_agent(
        model=ScriptedModel(script=[main_model]),
        subagents=[{**helper, "model": ScriptedModel(script=[looping])}],
    )
    with steplog.guard(max_steps=12, then="wrap_up"):
        result = WAYS[way](built, config_of(handler))
    assert result["messages"][-1].content == "as far as I got; as far as I got"
    # One call for each of three agents, and one more where two threads look at the same moment.
    assert sum(count(sink, f"{kind}.start") for kind in ("llm", "tool", "agent")) <= 12 + 3 + 1


def test_the_same_call_again_and_again_is_a_loop(recorded):
    handler, sink = recorded(detail="calls")
    model = ScriptedModel(script=[lambda m: calls("fetch", f"c{len(m)}", page="1")])
    with steplog.guard(), pytest.raises(steplog.BudgetExceeded, match="has called fetch 3 times in a row"):
        create_agent(model, [fetch]).invoke(ASKED, config_of(handler))
    assert count(sink, "tool.start") == 3


async def test_agents_side_by_side_have_budgets_of_their_own(recorded):
    handler, sink = recorded(detail="calls")
    with steplog.guard(max_steps=5, then="wrap_up"):
        results = await asyncio.gather(*(agent().ainvoke(ASKED, config_of(handler)) for _ in range(3)))
    assert [result["messages"][-1].content for result in results] == ["as far as I got"] * 3
    assert count(sink, "llm.start") + count(sink, "tool.start") == 18


async def test_calls_side_by_side_share_the_budget_of_their_run(recorded):
    handler, sink = recorded(detail="calls")
    model = ScriptedModel(script=[AIMessage("x")])

    async def many(_):
        first = await asyncio.gather(*(model.ainvoke("a") for _ in range(3)))
        return first + await asyncio.gather(*(model.ainvoke("b") for _ in range(3)), return_exceptions=True)

    with steplog.guard(max_steps=4):
        results = await RunnableLambda(many).ainvoke("go", config_of(handler))
    assert [type(result) for result in results[3:]].count(steplog.BudgetExceeded) == 2
    assert count(sink, "llm.start") == 4


@tool
def confirm(page: str) -> str:
    """Ask a human."""
    return interrupt(f"may I read {page}?")


def test_a_resumed_thread_cannot_spend_twice(recorded):
    handler, sink = recorded(detail="calls")
    script = [
        calls("fetch", "c1", page="1"),
        calls("fetch", "c2", page="2"),
        calls("confirm", "c3", page="3"),
        looping,
    ]
    built = create_agent(ScriptedModel(script=script), [fetch, confirm], checkpointer=InMemorySaver())
    config = config_of(handler, configurable={"thread_id": "t"})
    with steplog.guard(max_steps=9):
        assert "__interrupt__" in built.invoke(ASKED, config)  # 3 calls of the model, 3 of tools, 1 interrupt
        with pytest.raises(steplog.BudgetExceeded, match="of 9 steps"):
            built.invoke(Command(resume="yes"), config)
    made = count(sink, "llm.start") + count(sink, "tool.start")
    assert made <= 9
    handler.close()


def test_a_thread_resumed_in_another_process_goes_on_from_what_the_log_says(tmp_path):
    from langchain_steplog import StepLogHandler

    saver = InMemorySaver()
    script = [calls("fetch", "c1", page="1"), calls("confirm", "c3", page="3"), looping]
    model = ScriptedModel(script=script)
    built = create_agent(model, [fetch, confirm], checkpointer=saver)
    for given, stops in ((ASKED, False), (Command(resume="yes"), True)):
        with StepLogHandler(
            tmp_path / "log", detail="calls"
        ) as handler:  # a recorder that knows of no earlier one
            config = config_of(handler, configurable={"thread_id": "t"})
            with steplog.guard(max_steps=6):
                if stops:
                    with pytest.raises(steplog.BudgetExceeded):
                        built.invoke(given, config)
                else:
                    built.invoke(given, config)
    first, second = steplog.read(tmp_path / "log").runs
    assert first.totals["steps"] == 5
    assert second.totals.get("llm_calls", 0) <= 1


def test_a_provider_is_sent_no_tools_in_the_last_call(recorded, provider):
    handler, _ = recorded()
    sent = last_request(handler, provider, openai(provider.gives(whole("openai_chat"))))
    assert "tools" not in sent
    assert sent["messages"][-1]["content"].startswith("The budget of this run is used up")


def test_a_provider_that_must_be_told_the_tools_is_told_to_use_none(recorded, provider):
    handler, _ = recorded()
    sent = last_request(handler, provider, anthropic(provider.gives(whole("anthropic"))))
    assert [tool["name"] for tool in sent["tools"]] == ["weather"]
    assert sent["tool_choice"] == {"type": "none"}


def last_request(handler, provider, client):
    """What the provider is sent in a call that is a run's last."""

    def run(_):
        fetch.invoke({"page": "1"})
        return client.bind_tools([weather]).invoke("go")

    with steplog.guard(max_steps=1, then="wrap_up"):
        answer = RunnableLambda(run).invoke("go", config_of(handler))
    assert answer.tool_calls == []
    return provider.asked[-1][1]


def test_objects_that_a_model_is_asked_for_stay_objects(recorded):
    handler, _ = recorded()
    from pydantic import BaseModel

    class Drink(BaseModel):
        """What to drink."""

        name: str

    answer = AIMessage("", tool_calls=[{"name": "Drink", "args": {"name": "tea"}, "id": "c1"}])
    structured = ScriptedModel(script=[answer]).with_structured_output(Drink)

    def run(_):
        fetch.invoke({"page": "1"})
        return structured.invoke("go")

    with steplog.guard(max_steps=1, then="wrap_up"):
        assert RunnableLambda(run).invoke("go", config_of(handler)) == Drink(name="tea")


def test_nothing_of_langchain_is_wrapped_without_a_guard():
    before = [vars(BaseChatModel)[name] for name in ("invoke", "ainvoke", "stream", "astream")]
    before += [vars(BaseTool)[name] for name in ("run", "arun")]
    with steplog.guard(max_steps=1):
        assert vars(BaseChatModel)["invoke"] is not before[0]
    after = [vars(BaseChatModel)[name] for name in ("invoke", "ainvoke", "stream", "astream")]
    assert after + [vars(BaseTool)[name] for name in ("run", "arun")] == before


def test_a_handler_raises_nothing_of_its_own_into_the_agent(recorded):
    handler, _ = recorded()
    assert handler.raise_error is False
    with steplog.guard(max_steps=1000):
        assert handler.raise_error is True
