"""What an agent did not do, was kept from, or was spared: told as what it is, with the reason."""

import subprocess
import sys
from inspect import signature

import pytest
from inline_snapshot import snapshot
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import CachePolicy, Command, RetryPolicy, Send, interrupt
from lc_agents import ScriptedModel, calls, create_agent, fetch, story
from test_langgraph import State, add, graph, with_thread

import steplog
from langchain_steplog import StepLogHandler

middleware = pytest.importorskip("langchain.agents.middleware")
needs_error_handlers = pytest.mark.skipif(
    "error_handler" not in signature(StateGraph.add_node).parameters,
    reason="this LangGraph has no error handlers",
)
QUESTION = {"messages": [("user", "go")]}


def denied(records):
    """Every denied call: tool, arguments, who asked, and what the model was told."""
    said = {m["m"]: m for r in records for m in messages_in(r.get("output"))}
    return [
        (r["name"], r["args"], r.get("asked_by"), said[r["message"]]["content"])
        for r in records
        if r["ev"] == "denied.point"
    ]


def messages_in(value):
    if isinstance(value, dict):
        yield from [value] if "m" in value and "content" in value else []
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from messages_in(one)


def agent(*script, **options):
    return create_agent(ScriptedModel(script=[*script, AIMessage("done")]), [fetch], **options)


def test_a_tool_call_that_a_middleware_denies_is_a_point_with_tool_arguments_and_reason(recorded):
    @middleware.wrap_tool_call
    def guard(request, handler):
        if request.tool_call["args"]["page"] == "secret":
            return ToolMessage("not for you", tool_call_id=request.tool_call["id"])
        return handler(request)

    handler, sink = recorded()
    script = [calls("fetch", "c1", page="secret"), calls("fetch", "c2", page="1")]
    agent(*script, middleware=[guard]).invoke(QUESTION, {"callbacks": [handler]})
    assert denied(sink.records) == [("fetch", {"page": "secret"}, 2, "not for you")]
    assert [line for line in story(sink.records) if "tool" in line or "denied" in line] == snapshot(
        [
            "3 node.start tools",
            "4<3 denied.point fetch",
            "7 node.start tools",
            "8<7 tool.start fetch",
            "8 tool.end",
        ]
    )


def test_a_tool_call_over_a_limit_and_one_of_an_unknown_tool_are_denied(recorded):
    handler, sink = recorded()
    limit = middleware.ToolCallLimitMiddleware(run_limit=1)
    script = [calls("fetch", "c1", page="1"), calls("fetch", "c2", page="2")]
    agent(*script, middleware=[limit]).invoke(QUESTION, {"callbacks": [handler]})
    agent(calls("nope", "c1", x=1)).invoke(QUESTION, {"callbacks": [handler]})
    (tool, args, _, why), (unknown, given, asked_by, what) = denied(sink.records)
    assert (tool, args) == ("fetch", {"page": "2"})
    assert "limit exceeded" in why
    assert (unknown, given, asked_by) == ("nope", {"x": 1}, 2)
    assert "nope is not a valid tool" in what


def test_a_tool_call_that_a_human_rejects_is_denied_in_the_run_that_goes_on(recorded):
    handler, sink = recorded()
    asks = middleware.HumanInTheLoopMiddleware(interrupt_on={"fetch": True})
    app = agent(calls("fetch", "c1", page="1"), middleware=[asks], checkpointer=InMemorySaver())
    app.invoke(QUESTION, with_thread(handler))
    assert denied(sink.records) == []
    app.invoke(
        Command(resume={"decisions": [{"type": "reject", "message": "boss says no"}]}), with_thread(handler)
    )
    [(tool, args, _, why)] = denied(sink.records)
    assert (tool, args) == ("fetch", {"page": "1"})
    assert "boss says no" in why


def test_a_tool_that_ran_and_failed_is_not_denied_and_neither_are_answers_of_long_ago(recorded):
    handler, sink = recorded()

    @middleware.before_model
    def compacts(state, runtime):
        return {"messages": [m.model_copy() for m in state["messages"]]}

    history = [("user", "go"), calls("fetch", "old", page="0"), ToolMessage("page 0", tool_call_id="old")]
    app = agent(calls("fetch", "c1", page="1"), middleware=[compacts], checkpointer=InMemorySaver())
    app.update_state({"configurable": {"thread_id": "t1"}}, {"messages": history})
    app.invoke(QUESTION, with_thread(handler))
    assert denied(sink.records) == []


def test_tools_that_a_graphs_own_node_calls_are_not_taken_for_denied(recorded):
    from langgraph.graph import MessagesState

    handler, sink = recorded()
    model = ScriptedModel(script=[calls("fetch", "c1", page="1")])
    builder = StateGraph(MessagesState)
    builder.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    builder.add_node("tools", lambda state: {"messages": [ToolMessage("by hand", tool_call_id="c1")]})
    builder.add_edge(START, "model").add_edge("model", "tools")
    builder.compile().invoke(QUESTION, {"callbacks": [handler]})
    assert denied(sink.records) == []


def test_the_route_that_a_router_chose_is_told_by_the_node_it_left(recorded):
    handler, sink = recorded()
    builder = StateGraph(State)
    for name in ("plan", "search", "answer"):
        builder.add_node(name, add(name))
    builder.add_edge(START, "plan")
    builder.add_conditional_edges("plan", lambda _: "look", {"look": "search", "say": "answer"})
    builder.add_conditional_edges("search", lambda _: ["answer", END])
    builder.compile().invoke({"xs": []}, {"callbacks": [handler]})
    ends = [r for r in sink.records if r["ev"] == "node.end"]
    assert [r.get("route") for r in ends] == [["search"], ["answer", "__end__"], None]


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_node_that_the_cache_answers_for_is_a_step_from_a_cache(recorded, mode):
    handler, sink = recorded()
    app = graph({"a": add("a")}, compiled={"cache": InMemoryCache()}, a={"cache_policy": CachePolicy(ttl=60)})
    app.invoke({"xs": []})
    config = {"callbacks": [handler]}
    result = app.invoke({"xs": []}, config) if mode == "sync" else await app.ainvoke({"xs": []}, config)
    assert result == {"xs": ["a"]}
    assert story(sink.records) == ["- run.start LangGraph", "1 node.start a", "1 node.end", "- run.end"]
    end = next(r for r in sink.records if r["ev"] == "node.end")
    assert (end["cached"], end["output"]) == (True, {"xs": ["a"]})
    assert sink.records[-1]["totals"] == {"steps": 1}


def test_a_node_that_a_retry_saved_says_by_which_step(tmp_path):
    tries = []

    def flaky(state):
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")
        return {"xs": ["ok"]}

    policy = RetryPolicy(retry_on=ValueError, initial_interval=0.001)
    with StepLogHandler(tmp_path) as handler:
        graph({"f": flaky}, f={"retry_policy": policy}).invoke({"xs": []}, {"callbacks": [handler]})
    run = steplog.read(tmp_path).run("@last")
    assert [step.recovered_by and step.recovered_by.number for step in run.steps] == [3, 3, None]
    assert str(run).count("[error, recovered by step 3]") == 2


@needs_error_handlers
def test_a_node_that_an_error_handler_saved_says_by_which_step(tmp_path):
    def fails(state):
        raise ValueError("no")

    with StepLogHandler(tmp_path) as handler:
        app = graph({"f": fails}, f={"error_handler": add("handled")})
        assert app.invoke({"xs": []}, {"callbacks": [handler]}) == {"xs": ["handled"]}
    run = steplog.read(tmp_path).run("@last")
    assert (run.status, run.steps[0].status) == ("ok", "error")
    assert run.steps[0].recovered_by.name == "__error_handler__f"


@needs_error_handlers
def test_of_several_that_failed_at_once_each_says_what_saved_it(tmp_path):
    tries = []

    def work(state):
        tries.append(state["n"])
        if state["n"] > 1 or (state["n"] == 1 and tries.count(1) < 2):
            raise ValueError(f"part {state['n']}")
        return {"xs": [f"part {state['n']}"]}

    def mend(state):
        return {"xs": [f"mended part {state['n']}"]}

    builder = StateGraph(State)
    policy = RetryPolicy(retry_on=ValueError, max_attempts=2, initial_interval=0.001)
    builder.add_node("work", work, retry_policy=policy, error_handler=mend)
    builder.add_conditional_edges(START, lambda _: [Send("work", {"n": n}) for n in range(4)], ["work"])
    with StepLogHandler(tmp_path) as handler:
        builder.compile().invoke({"xs": []}, {"callbacks": [handler]})
    run = steplog.read(tmp_path).run("@last")
    failed = [step for step in run.steps if step.status == "error"]
    assert len(failed) == 5
    for step in failed:
        saved = step.recovered_by
        assert saved is not None
        (part,) = saved.fields["output"]["xs"]
        assert part.removeprefix("mended ") == step.error["message"]
    assert str(run).count("! ValueError: part") == 5, "none of them is folded away"


def test_a_model_call_that_a_fallback_saved_says_by_which_step(tmp_path):
    with StepLogHandler(tmp_path) as handler:
        first = ScriptedModel(script=[ValueError("down")], model_name="first")
        model = first.with_fallbacks([ScriptedModel(script=[AIMessage("here")], model_name="second")])
        model.invoke("hi", {"callbacks": [handler]})
    down, here = [step for step in steplog.read(tmp_path).run("@last").steps if step.kind == "llm"]
    assert down.recovered_by is here
    assert here.recovered_by is None


RESUMES = """
import sys
sys.path[:0] = [sys.argv[1]]
from langgraph.types import Command, interrupt
from test_what_did_not_happen import asking_graph, kept
from langchain_steplog import StepLogHandler
with StepLogHandler(sys.argv[2]) as handler:
    asking_graph(kept(sys.argv[3])).invoke(Command(resume="yes"), {"callbacks": [handler], "configurable": {"thread_id": "t1"}})
"""


def asks(state):
    return {"xs": [interrupt({"question": "go on?"})]}


def asking_graph(saver):
    return graph({"a": add("a"), "ask": asks}, compiled={"checkpointer": saver})


def kept(path, storage=None):
    """A checkpointer whose memory is in a file, so that another process goes on with it."""
    import pickle
    from collections import defaultdict
    from pathlib import Path

    saver = InMemorySaver()
    if storage is None:
        parts = pickle.loads(Path(path).read_bytes())
        saver.storage = defaultdict(
            lambda: defaultdict(dict), {k: defaultdict(dict, v) for k, v in parts[0].items()}
        )
        saver.writes, saver.blobs = defaultdict(dict, parts[1]), parts[2]
    return saver


def keep(saver, path):
    import pickle

    storage = {
        thread: {ns: dict(found) for ns, found in by_ns.items()} for thread, by_ns in saver.storage.items()
    }
    path.write_bytes(pickle.dumps((storage, dict(saver.writes), dict(saver.blobs))))


def test_a_run_that_another_process_goes_on_with_is_joined_by_thread_and_checkpoint(tmp_path):
    from pathlib import Path

    log, saved = tmp_path / "log", tmp_path / "saved"
    saver = InMemorySaver()
    with StepLogHandler(log) as handler:
        asking_graph(saver).invoke({"xs": []}, with_thread(handler, "t0"))
        asking_graph(saver).invoke({"xs": []}, with_thread(handler))
    keep(saver, saved)
    here = Path(__file__).parent
    subprocess.run([sys.executable, "-c", RESUMES, here, log, saved], check=True, timeout=120)
    other, first, second = steplog.read(log).runs
    assert (first.status, second.status, second.resumes) == ("interrupted", "ok", "")
    assert second.resumed is not None
    assert second.resumed.id == first.id
    [answer] = second.answers
    assert (answer.run, answer.step, answer.question, answer.answer) == (
        first.id,
        3,
        {"question": "go on?"},
        "yes",
    )
    assert answer.id == first.steps[2].fields["id"]
    assert f"resumes {first.id}" in str(second)
    assert f'answers step 3 of run {first.id}: {{"question": "go on?"}} → yes' in str(second)
    assert (other.resumed, other.answers, first.resumed) == (None, (), None)


def test_answers_by_the_ids_of_questions_stand_with_their_questions(tmp_path):
    with StepLogHandler(tmp_path) as handler:
        edges = [(START, "left"), (START, "right")]
        nodes = {name: lambda _, name=name: {"xs": [interrupt(f"{name}?")]} for name in ("left", "right")}
        app = graph(nodes, *edges, compiled={"checkpointer": InMemorySaver()})
        app.invoke({"xs": []}, with_thread(handler))
        waiting = app.get_state({"configurable": {"thread_id": "t1"}}).interrupts
        app.invoke(Command(resume={one.id: f"{one.value} yes" for one in waiting}), with_thread(handler))
    second = steplog.read(tmp_path).run("@last")
    assert {each.question: each.answer for each in second.answers} == {
        "left?": "left? yes",
        "right?": "right? yes",
    }
