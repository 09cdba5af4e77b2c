"""frameworks.md A3, row by row: what LangGraph does, told as what it is."""

import asyncio
import itertools
import operator
from typing import Annotated, Any, TypedDict

import pytest
from inline_snapshot import snapshot
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, RetryPolicy, Send, interrupt
from lc_agents import ScriptedModel, story


class State(TypedDict, total=False):
    xs: Annotated[list[str], operator.add]


def graph(
    nodes: dict[str, Any], *edges: tuple[str, str], compiled: dict[str, Any] | None = None, **options: Any
):
    """A graph of `nodes` (name -> function) in a row, or along `edges`."""
    builder = StateGraph(State)
    for name, node in nodes.items():
        builder.add_node(name, node, **options.get(name, {}))
    names = list(nodes)
    for start, end in edges or [(START, names[0]), *itertools.pairwise(names)]:
        builder.add_edge(start, end)
    return builder.compile(**(compiled or {}))


def add(name: str):
    return lambda _: {"xs": [name]}


def with_thread(handler, thread="t1", **more):
    return {"callbacks": [handler], "configurable": {"thread_id": thread}, **more}


def test_parallel_branches_and_their_join(recorded):
    handler, sink = recorded()
    edges = [(START, "a"), (START, "b"), ("a", "c"), ("b", "c"), ("c", END)]
    graph({"a": add("a"), "b": add("b"), "c": add("c")}, *edges).invoke({"xs": []}, {"callbacks": [handler]})
    assert sorted(story(sink.records)) == snapshot(
        [
            "- run.end",
            "- run.start LangGraph",
            "1 node.end",
            "1 node.start a",
            "2 node.end",
            "2 node.start b",
            "3 node.end",
            "3 node.start c",
        ]
    )


def test_a_conditional_edge_is_plumbing_and_its_error_is_not(recorded):
    handler, sink = recorded()
    builder = StateGraph(State)
    builder.add_node("a", add("a"))
    builder.add_edge(START, "a")

    def route(_):
        raise KeyError("no such way")

    builder.add_conditional_edges("a", route, ["a", END])
    with pytest.raises(KeyError):
        builder.compile().invoke({"xs": []}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start a",
            "2<1 chain.start route",
            "2 chain.end error",
            "1 node.end error",
            "- run.end error",
        ]
    )


def test_send_fans_out_to_one_step_per_task(recorded):
    handler, sink = recorded()
    builder = StateGraph(State)
    builder.add_node("a", add("a"))
    builder.add_node("w", add("w"))
    builder.add_edge(START, "a")
    builder.add_conditional_edges("a", lambda _: [Send("w", {"xs": [str(i)]}) for i in range(3)], ["w"])
    builder.compile().invoke({"xs": []}, {"callbacks": [handler]})
    assert sorted(story(sink.records)) == snapshot(
        [
            "- run.end",
            "- run.start LangGraph",
            "1 node.end",
            "1 node.start a",
            "2 node.end",
            "2 node.start w",
            "3 node.end",
            "3 node.start w",
            "4 node.end",
            "4 node.start w",
        ]
    )


def test_a_subgraph_is_an_agent_below_its_node(recorded):
    handler, sink = recorded()
    inner = graph({"b": add("b")}, compiled={"name": "mysub"})
    graph({"sg": inner, "after": add("x")}).invoke({"xs": []}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start sg",
            "2<1 agent.start mysub",
            "3<2 node.start b",
            "3 node.end",
            "2 agent.end",
            "1 node.end",
            "4 node.start after",
            "4 node.end",
            "- run.end",
        ]
    )


def test_a_graph_invoked_in_a_node_nests_without_being_told(recorded):
    handler, sink = recorded()
    inner = graph({"b": add("b")}, compiled={"name": "mysub"})

    def calls_it(state):
        return inner.invoke(state)

    graph({"calls": calls_it}).invoke({"xs": []}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start calls",
            "2<1 agent.start mysub",
            "3<2 node.start b",
            "3 node.end",
            "2 agent.end",
            "1 node.end",
            "- run.end",
        ]
    )


def test_the_functional_api_has_its_tasks_as_nodes(recorded):
    from langgraph.func import entrypoint, task

    @task
    def t1(x):
        return x + 1

    @entrypoint()
    def wf(x):
        return t1(x).result() + t1(x).result()

    handler, sink = recorded()
    assert wf.invoke(1, {"callbacks": [handler]}) == 4
    assert sorted(story(sink.records)) == snapshot(
        [
            "- run.end",
            "- run.start LangGraph",
            "1 node.end",
            "1 node.start wf",
            "2 node.end",
            "2<1 node.start t1",
            "3 node.end",
            "3<1 node.start t1",
        ]
    )


def test_a_command_to_the_parent_is_a_handoff_and_no_error(recorded):
    handler, sink = recorded()
    sub = graph({"cmd": lambda _: Command(graph=Command.PARENT, goto="after", update={"xs": ["cmd"]})})
    builder = StateGraph(State)
    builder.add_node("sg", sub)
    builder.add_node("after", add("after"))
    builder.add_edge(START, "sg")
    builder.compile().invoke({"xs": []}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start sg",
            "2<1 agent.start LangGraph",
            "3<2 node.start cmd",
            "3 node.end handoff",
            "2 agent.end handoff",
            "1 node.end handoff",
            "4 node.start after",
            "4 node.end",
            "- run.end",
        ]
    )
    assert "errors" not in sink.records[-1]["totals"]


def ask(_):
    return {"xs": [interrupt({"question": "go on?"})]}


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("how", ["passed", "active"])
async def test_an_interrupt_and_the_run_that_resumes_it(recorded, tmp_path, mode, how):
    import langchain_steplog
    from steplog import read

    app = graph({"a": add("a"), "ask": ask}, compiled={"checkpointer": InMemorySaver()})
    handler = (
        langchain_steplog.activate(tmp_path / "logs")
        if how == "active"
        else langchain_steplog.StepLogHandler(tmp_path / "logs")
    )
    config = with_thread(handler) if how == "passed" else {"configurable": {"thread_id": "t1"}}
    for given in ({"xs": []}, Command(resume="yes")):
        if mode == "sync":
            app.invoke(given, config)
        else:
            await app.ainvoke(given, config)
    langchain_steplog.deactivate()
    handler.close()
    first, second = read(tmp_path / "logs").runs
    records = [*first.records(), *second.records()]
    assert story(records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start a",
            "1 node.end",
            "2 node.start ask",
            "3<2 interrupt.point",
            "2 node.end interrupted",
            "- run.end",
            "- run.start LangGraph",
            "1 resume.point",
            "2 node.start ask",
            "2 node.end",
            "- run.end",
        ]
    )
    point = next(r for r in records if r["ev"] == "interrupt.point")
    assert point["value"] == {"question": "go on?"}
    assert len(point["id"]) == 32
    assert (first.status, second.status, second.resumes) == ("interrupted", "ok", first.id)
    end = next(r for r in records if r["ev"] == "run.end")
    saved = [
        s.config["configurable"]["checkpoint_id"]
        for s in app.get_state_history({"configurable": {"thread_id": "t1"}})
    ]
    assert end["checkpoint"]["id"] in saved


def test_an_interrupt_in_a_subgraph_is_one_interrupt_at_every_level(recorded):
    handler, sink = recorded()
    sub = graph({"ask": ask}, compiled={"name": "isub"})
    app = graph({"sg": sub}, compiled={"checkpointer": InMemorySaver()})
    app.invoke({"xs": []}, with_thread(handler))
    app.invoke(Command(resume="yes"), with_thread(handler))
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start sg",
            "2<1 agent.start isub",
            "3<2 node.start ask",
            "4<3 interrupt.point",
            "3 node.end interrupted",
            "2 agent.end interrupted",
            "1 node.end interrupted",
            "- run.end",
            "- run.start LangGraph",
            "1 resume.point",
            "2 node.start sg",
            "3<2 agent.start isub",
            "4<3 resume.point",
            "5<3 node.start ask",
            "5 node.end",
            "3 agent.end",
            "2 node.end",
            "- run.end",
        ]
    )


def test_an_interrupt_in_a_tool_interrupts_the_tool_step(recorded):
    from langchain.agents import create_agent
    from langchain_core.tools import tool
    from lc_agents import calls

    @tool
    def book(hotel: str) -> str:
        """Book a hotel."""
        return interrupt(f"book {hotel}?")

    handler, sink = recorded()
    model = ScriptedModel(script=[calls("book", "c1", hotel="Ritz"), AIMessage("done")])
    agent = create_agent(model, [book], checkpointer=InMemorySaver())
    agent.invoke({"messages": [("user", "go")]}, with_thread(handler))
    agent.invoke(Command(resume="ok"), with_thread(handler))
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start model",
            "2<1 llm.start",
            "2 llm.end",
            "1 node.end",
            "3 node.start tools",
            "4<3 tool.start book",
            "5<4 interrupt.point",
            "4 tool.end interrupted",
            "3 node.end interrupted",
            "- run.end",
            "- run.start LangGraph",
            "1 resume.point",
            "2 node.start tools",
            "3<2 tool.start book",
            "3 tool.end",
            "2 node.end",
            "4 node.start model",
            "5<4 llm.start",
            "5 llm.end",
            "4 node.end",
            "- run.end",
        ]
    )


def test_human_in_the_loop_middleware_interrupts_its_own_node(recorded):
    from langchain.agents import create_agent
    from langchain.agents.middleware import HumanInTheLoopMiddleware
    from lc_agents import calls, fetch

    handler, sink = recorded()
    model = ScriptedModel(script=[calls("fetch", "c1", page="1"), AIMessage("done")])
    agent = create_agent(
        model,
        [fetch],
        checkpointer=InMemorySaver(),
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"fetch": True})],
    )
    agent.invoke({"messages": [("user", "go")]}, with_thread(handler))
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start model",
            "2<1 llm.start",
            "2 llm.end",
            "1 node.end",
            "3 node.start HumanInTheLoopMiddleware.after_model",
            "4<3 interrupt.point",
            "3 node.end interrupted",
            "- run.end",
        ]
    )


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_static_breakpoint_is_an_interrupt_though_nothing_raised(recorded, mode):
    handler, sink = recorded()
    app = graph(
        {"a": add("a"), "b": add("b")}, compiled={"checkpointer": InMemorySaver(), "interrupt_before": ["b"]}
    )
    for given in ({"xs": []}, None):
        if mode == "sync":
            app.invoke(given, with_thread(handler))
        else:
            await app.ainvoke(given, with_thread(handler))
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start a",
            "1 node.end",
            "2 interrupt.point",
            "- run.end",
            "- run.start LangGraph",
            "1 resume.point",
            "2 node.start b",
            "2 node.end",
            "- run.end",
        ]
    )
    starts = [r for r in sink.records if r["ev"] == "run.start"]
    assert starts[1]["resumes"] == starts[0]["run"]
    assert next(r for r in sink.records if r["ev"] == "interrupt.point")["where"] == "interrupt_before"


def test_a_nodes_checkpoint_is_the_config_to_fork_from(recorded):
    handler, sink = recorded()
    app = graph({"a": add("a"), "b": add("b")}, compiled={"checkpointer": InMemorySaver()})
    app.invoke({"xs": ["0"]}, with_thread(handler))
    second = next(r for r in sink.records if r["ev"] == "node.start" and r["name"] == "b")["checkpoint"]
    config = {"configurable": {"thread_id": second["thread_id"], "checkpoint_id": second["id"]}}
    assert app.get_state(config).values == {"xs": ["0", "a"]}
    assert app.get_state(config).next == ("b",)
    assert app.invoke(None, config) == {"xs": ["0", "a", "b"]}


def test_attempts_under_a_retry_policy_are_numbered(recorded):
    handler, sink = recorded()
    tries = []

    def flaky(_):
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")
        return {"xs": ["r"]}

    policy = RetryPolicy(initial_interval=0.001, max_attempts=3, retry_on=ValueError)
    graph({"r": flaky}, r={"retry_policy": policy}).invoke({"xs": []}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start r",
            "1 node.end error",
            "2 node.start r",
            "2 node.end error",
            "3 node.start r",
            "3 node.end",
            "- run.end",
        ]
    )
    assert [r.get("attempt") for r in sink.records if r["ev"] == "node.start"] == [None, 2, 3]
    assert sink.records[-1]["totals"] == {"steps": 3, "errors": 2, "retries": 2}


def fail(_):
    raise ValueError("bad")


async def slow(_):
    await asyncio.Event().wait()


def test_an_error_beside_a_sync_sibling(recorded):
    handler, sink = recorded()
    with pytest.raises(ValueError, match="bad"):
        graph({"a": add("a"), "f": fail}, (START, "a"), (START, "f")).invoke(
            {"xs": []}, {"callbacks": [handler]}
        )
    assert sorted(story(sink.records)) == snapshot(
        [
            "- run.end error",
            "- run.start LangGraph",
            "1 node.end",
            "1 node.start a",
            "2 node.end error",
            "2 node.start f",
        ]
    )


async def test_an_error_cancels_its_async_sibling(recorded):
    handler, sink = recorded()

    async def afail(_):
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        await graph({"s": slow, "f": afail}, (START, "s"), (START, "f")).ainvoke(
            {"xs": []}, {"callbacks": [handler]}
        )
    assert sorted(story(sink.records)) == snapshot(
        [
            "- run.end error",
            "- run.start LangGraph",
            "1 node.end error",
            "1 node.start f",
            "2 node.end cancelled",
            "2 node.start s",
        ]
    )


async def test_a_step_timeout_cancels_the_node_and_fails_the_run(recorded):
    handler, sink = recorded()
    app = graph({"s": slow})
    app.step_timeout = 0.05
    with pytest.raises(TimeoutError):
        await app.ainvoke({"xs": []}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        ["- run.start LangGraph", "1 node.start s", "1 node.end cancelled", "- run.end error"]
    )


async def test_a_cancelled_run_is_cancelled_and_not_failed(recorded):
    handler, sink = recorded()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(graph({"s": slow}).ainvoke({"xs": []}, {"callbacks": [handler]}), 0.05)
    assert story(sink.records) == snapshot(
        ["- run.start LangGraph", "1 node.start s", "1 node.end cancelled", "- run.end cancelled"]
    )
    assert "errors" not in sink.records[-1]["totals"]


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_stream_nobody_reads_to_the_end_is_abandoned(recorded, mode):
    handler, sink = recorded()
    app = graph({"a": add("a"), "b": add("b")})
    if mode == "sync":
        stream = app.stream({"xs": []}, {"callbacks": [handler]})
        next(stream)
        stream.close()
    else:
        astream = app.astream({"xs": []}, {"callbacks": [handler]})
        await anext(astream)
        await astream.aclose()
    assert story(sink.records)[-1] == "- run.end abandoned"
    assert story(sink.records)[0] == "- run.start LangGraph"


def test_a_keyboard_interrupt_is_a_cancellation(recorded):
    handler, sink = recorded()

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        graph({"a": stop}).invoke({"xs": []}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        ["- run.start LangGraph", "1 node.start a", "1 node.end cancelled", "- run.end cancelled"]
    )


def test_the_recursion_limit_is_an_error_of_the_run(recorded):
    handler, sink = recorded()
    app = graph({"a": add("a"), "b": add("b")}, (START, "a"), ("a", "b"), ("b", "a"))
    with pytest.raises(RecursionError):
        app.invoke({"xs": []}, {"callbacks": [handler], "recursion_limit": 3})
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start a",
            "1 node.end",
            "2 node.start b",
            "2 node.end",
            "3 node.start a",
            "3 node.end",
            "- run.end error",
        ]
    )
    assert sink.records[-1]["error"]["type"] == "GraphRecursionError"


def test_a_deep_agents_sub_agent_is_an_agent_with_its_name(recorded):
    pytest.importorskip("deepagents", reason="deepagents wants a newer LangGraph than the oldest we support")
    from deepagents import create_deep_agent
    from lc_agents import calls

    handler, sink = recorded(detail="calls")
    helper = ScriptedModel(script=[AIMessage("helped")])
    main = ScriptedModel(
        script=[calls("task", "c1", description="do it", subagent_type="helper"), AIMessage("done")]
    )
    agent = create_deep_agent(
        model=main,
        subagents=[
            {"name": "helper", "description": "helps", "system_prompt": "help", "model": helper, "tools": []}
        ],
    )
    agent.invoke({"messages": [("user", "go")]}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 llm.start",
            "1 llm.end",
            "2 tool.start task",
            "3<2 agent.start helper",
            "4<3 llm.start",
            "4 llm.end",
            "3 agent.end",
            "2 tool.end",
            "5 llm.start",
            "5 llm.end",
            "- run.end",
        ]
    )


def test_show_prints_the_config_to_resume_and_to_fork(recorded, tmp_path):
    import ast

    from click.testing import CliRunner

    import langchain_steplog
    from steplog._cli.main import steplog as cli

    handler = langchain_steplog.StepLogHandler(tmp_path / "logs")
    app = graph({"a": add("a"), "ask": ask}, compiled={"checkpointer": InMemorySaver()})
    app.invoke({"xs": []}, with_thread(handler))
    handler.close()
    for words in (["@last"], ["@last", "2"]):
        shown = CliRunner().invoke(cli, ["show", *words, "--path", str(tmp_path / "logs")]).output
        (line,) = [line for line in shown.splitlines() if "config=" in line]
        config = ast.literal_eval(line.partition("config=")[2])
        assert app.get_state(config).next == ("ask",)
    assert app.invoke(Command(resume="yes"), with_thread(handler)) == {"xs": ["a", "yes"]}
