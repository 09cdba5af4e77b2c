"""Tags and metadata that a program gives to one call, tool, node or nested graph stand at that step, and only there."""

from typing import TypedDict

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from lc_agents import AIMessage, ScriptedModel, five_step_agent


class State(TypedDict, total=False):
    a: str


@tool
def look(q: str) -> str:
    """Look."""
    return q


def graph_of(node, **kwargs):
    graph = StateGraph(State)
    graph.add_node("work", node, **kwargs)
    graph.add_edge(START, "work")
    return graph


def own(sink, kind):
    """Tags and metadata of each start of a kind, in order."""
    starts = [line for line in sink.records if line["ev"] == f"{kind}.start"]
    return [(line.get("tags"), line.get("metadata")) for line in starts]


def test_a_call_a_tool_and_a_node_have_tags_and_metadata_of_their_own_and_not_the_runs(recorded):
    handler, sink = recorded()
    model = ScriptedModel(script=[AIMessage("fine")])
    judge = model.with_config(tags=["judge"], metadata={"purpose": "evaluation"}, run_name="the judge")

    def work(state, config):
        model.invoke("one", config)
        judge.invoke("two", config)
        look.invoke({"q": "z"}, {**config, "tags": ["slow", "versions"], "metadata": {"index": "eu"}})
        return {"a": "b"}

    graph = graph_of(work, metadata={"team": "blue"}).compile(name="g")
    graph.invoke(
        {}, {"tags": ["prod"], "metadata": {"customer": "c7", "plan": {"seats": 3}}, "callbacks": [handler]}
    )
    assert own(sink, "run") == [(["prod"], {"customer": "c7", "plan": {"seats": 3}})]
    assert own(sink, "node") == [(None, {"team": "blue"})]
    assert own(sink, "llm") == [(None, None), (["judge"], {"purpose": "evaluation"})]
    assert own(sink, "tool") == [(["slow", "versions"], {"index": "eu"})]


def test_tags_of_plumbing_that_is_not_written_stand_at_the_calls_below_it(recorded):
    handler, sink = recorded()
    chain = ChatPromptTemplate.from_template("{x}") | ScriptedModel(script=[AIMessage("a")])
    inner = chain.with_config(tags=["inner"], metadata={"part": 1})
    RunnableLambda(lambda x: inner.invoke({"x": x})).invoke("q", {"tags": ["outer"], "callbacks": [handler]})
    assert own(sink, "run") == [(["outer"], None)]
    assert own(sink, "llm") == [(["inner"], {"part": 1})]


def test_a_nested_graph_has_tags_and_metadata_of_its_own(recorded):
    handler, sink = recorded()
    inner = (
        graph_of(lambda _: {"a": "x"}).compile(name="inner").with_config(metadata={"depth": 2}, tags=["sub"])
    )
    graph_of(inner.invoke).compile(name="outer").invoke({}, {"callbacks": [handler]})
    assert own(sink, "agent") == [(["sub"], {"depth": 2})]
    assert own(sink, "node") == [(None, None), (None, None)]


def test_metadata_that_is_changed_on_the_way_down_is_told_where_it_changes(recorded):
    handler, sink = recorded()
    model = ScriptedModel(script=[AIMessage("a")])

    def work(_, config):
        model.invoke("one", {**config, "metadata": {"customer": "c8"}})
        return {"a": "b"}

    config = {"metadata": {"customer": "c7"}, "callbacks": [handler]}
    graph_of(work).compile().invoke({}, config)
    assert own(sink, "llm") == [(None, {"customer": "c8"})]


def test_tags_of_a_bare_call_stand_once_at_its_run(recorded):
    handler, sink = recorded()
    ScriptedModel(script=[AIMessage("a")]).invoke(
        "q", {"tags": ["t"], "metadata": {"k": 1}, "callbacks": [handler]}
    )
    assert own(sink, "run") == [(["t"], {"k": 1})]
    assert own(sink, "llm") == [(None, None)]


def test_tags_and_metadata_of_the_frameworks_are_nobodys_own(recorded):
    handler, sink = recorded()
    agent, _ = five_step_agent()
    agent.invoke(
        {"messages": [("user", "go")]},
        {"configurable": {"thread_id": "t1"}, "callbacks": [handler]},
    )
    for kind in ("run", "node", "llm", "tool"):
        assert set(own(sink, kind) or [()]) == {(None, None)} or own(sink, kind) == [(None, None)] * len(
            own(sink, kind)
        )


def test_metadata_whose_comparison_raises_costs_nothing(recorded):
    handler, sink = recorded()

    class Cruel:
        __slots__ = ()
        __eq__ = __bool__ = __repr__ = __str__ = lambda *_: 1 / 0
        __hash__ = object.__hash__

    cruel, model = Cruel(), ScriptedModel(script=[AIMessage("a")])

    def work(_, config):
        model.invoke("one", {**config, "metadata": {**config["metadata"], "mine": Cruel()}})
        return {"a": "b"}

    graph_of(work).compile().invoke({}, {"metadata": {"held": cruel}, "callbacks": [handler]})
    assert [line for line in sink.records if line["ev"] == "log.error"] == []
    ((_, told),) = own(sink, "llm")
    assert list(told) == ["mine"]


def test_with_no_content_tags_are_kept_and_metadata_are_not(recorded):
    handler, sink = recorded(content="none")
    model = ScriptedModel(script=[AIMessage("a")])
    graph = graph_of(
        lambda _, config: model.invoke("q", {**config, "tags": ["judge"], "metadata": {"k": "v"}}) and {}
    )
    graph.compile().invoke({}, {"callbacks": [handler]})
    assert own(sink, "llm") == [(["judge"], None)]
