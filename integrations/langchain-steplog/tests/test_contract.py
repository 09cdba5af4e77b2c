"""The contract of every adapter: all hooks, broken extractors, no state left, same results, same events."""

import asyncio
import gc
import json
import os
import uuid
from pathlib import Path

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph
from langgraph.types import Command, interrupt
from lc_agents import ScriptedModel, five_step_agent

import langchain_steplog
from langchain_steplog import StepLogHandler, _agents, _extract, _graphs, _models
from steplog.testing import assert_nothing_left, broken, extractors, missing_hooks

QUESTION = {"messages": [("user", "add and fetch")]}


def test_every_hook_of_the_installed_langchain_is_there():
    assert missing_hooks(BaseCallbackHandler, StepLogHandler) == []


def test_every_lifecycle_hook_of_the_installed_langgraph_is_there():
    from langgraph import callbacks

    listener = _graphs._listener_class(callbacks.GraphCallbackHandler)
    names = [
        n
        for n in missing_hooks(callbacks.GraphCallbackHandler, listener)
        if not hasattr(BaseCallbackHandler, n)
    ]
    assert names == []


@pytest.mark.parametrize(
    ("module", "name"),
    [(m, n) for m in (_extract, _models) for n in extractors(m)],
    ids=lambda v: v if isinstance(v, str) else v.__name__,
)
def test_a_broken_extractor_costs_fields_and_never_the_run(recorded, module, name):
    handler, sink = recorded(detail="all")
    with broken(module, name) as called:
        result = five_step_agent()[0].invoke(QUESTION, {"callbacks": [handler]})
    assert result["messages"][-1].content == "done"
    events = [r["ev"] for r in sink.records]
    assert (events.count("llm.start"), events.count("llm.end")) == (3, 3)
    assert (events.count("tool.start"), events.count("tool.end"), events.count("run.end")) == (2, 2, 1)
    errors = [r for r in sink.records if r["ev"] == "log.error"]
    assert bool(errors) == bool(called)
    assert_nothing_left(handler._steps)


@pytest.mark.parametrize("name", extractors(_agents))
def test_a_broken_extractor_of_rare_hooks_is_reported(recorded, name):
    handler, sink = recorded()
    run_id = uuid.uuid4()
    handler.on_chain_start({}, {"a": 1}, run_id=run_id, name="r")
    hook = {"retry_state": "on_retry", "agent_action": "on_agent_action", "agent_finish": "on_agent_finish"}[
        name
    ]
    with broken(_agents, name):
        getattr(handler, hook)(object(), run_id=run_id)
    assert [r["where"] for r in sink.records if r["ev"] == "log.error"] == [name]


def waiting_graph():
    builder = StateGraph(dict)
    builder.add_node("ask", lambda _: {"x": interrupt("?")})
    builder.add_edge("__start__", "ask")
    return builder.compile(checkpointer=InMemorySaver())


def mixed_run(i, handler):
    """One of five kinds of runs: ok, error, abandoned, interrupted and resumed, cancelled."""
    config = {"callbacks": [handler]}
    match i % 5:
        case 0:
            five_step_agent()[0].invoke(QUESTION, config)
        case 1:
            with pytest.raises(ZeroDivisionError):
                (RunnableLambda(lambda x: x) | RunnableLambda(lambda x: x / 0)).invoke(1, config)
        case 2:
            stream = ScriptedModel(script=[AIMessage("one two three")]).stream("hi", config)
            next(stream)
            stream.close()
        case 3:
            app, thread = waiting_graph(), {"configurable": {"thread_id": f"t{i}"}}
            app.invoke({"x": 0}, config | thread)
            app.invoke(Command(resume="y"), config | thread)
        case 4:

            async def cancelled():
                begun = asyncio.Event()

                async def forever(_):
                    begun.set()
                    await asyncio.Event().wait()

                task = asyncio.create_task(RunnableLambda(forever).ainvoke(1, config))
                await begun.wait()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

            asyncio.run(cancelled())


def resident_bytes():
    with Path("/proc/self/statm").open(encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_thousand_mixed_runs_leave_nothing(tmp_path):
    handler = StepLogHandler(tmp_path / "logs")
    for i in range(300):
        mixed_run(i, handler)
    gc.collect()
    before = resident_bytes()
    for i in range(700):
        mixed_run(i, handler)
    gc.collect()
    assert_nothing_left(handler._steps)
    assert len(_graphs._checkpoints) <= 4096
    assert resident_bytes() - before < 30_000_000
    handler.close()
    from steplog import read

    statuses = [run.status for run in read(tmp_path / "logs").runs]
    assert len(statuses) == 1200
    assert {s: statuses.count(s) for s in set(statuses)} == {
        "ok": 400,
        "error": 200,
        "abandoned": 200,
        "interrupted": 200,
        "cancelled": 200,
    }


def plain(value):
    """A result or event without what differs between any two runs: ids and times."""
    text = json.dumps(
        value,
        default=lambda o: o.model_dump() if hasattr(o, "model_dump") else type(o).__name__,
        sort_keys=True,
    )
    seen: dict[str, str] = {}
    import re

    return re.sub(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        lambda m: seen.setdefault(m.group(), f"id{len(seen)}"),
        text,
    )


async def everything():
    """Results and events of the five-step agent in every mode."""
    found = [
        plain(five_step_agent()[0].invoke(QUESTION)),
        plain(await five_step_agent()[0].ainvoke(QUESTION)),
    ]
    found += [plain(c) for c in five_step_agent()[0].stream(QUESTION, stream_mode=["updates", "values"])]
    found += [plain([c async for c in five_step_agent()[0].astream(QUESTION, stream_mode="messages")])]
    found += [plain(r) for r in RunnableLambda(lambda x: x + 1).batch([1, 2, 3])]
    found += [plain([e async for e in five_step_agent()[0].astream_events(QUESTION, version="v2")])]
    return found


async def test_results_and_events_are_equal_with_and_without_recording(tmp_path):
    without = await everything()
    langchain_steplog.activate(tmp_path / "logs", detail="all")
    try:
        recorded = await everything()
    finally:
        langchain_steplog.deactivate()
    assert recorded == without


def test_deactivate_leaves_langgraph_as_it_was(tmp_path):
    from langgraph import callbacks
    from langgraph._internal import _runnable

    def functions():
        return (
            callbacks._init_base_manager,
            _runnable.get_callback_manager_for_config,
            _runnable.get_async_callback_manager_for_config,
        )

    _graphs.uninstall()
    before = functions()
    langchain_steplog.activate(tmp_path / "logs")
    waiting_graph().invoke({"x": 0}, {"configurable": {"thread_id": "t"}})
    assert functions() != before
    langchain_steplog.deactivate()
    assert functions() == before


def test_no_context_variable_is_set_by_a_hook(recorded):
    import contextvars

    handler, _ = recorded()
    run_id = uuid.uuid4()
    context = contextvars.copy_context()
    before = dict(context)
    context.run(handler.on_chain_start, {}, {"a": 1}, run_id=run_id, name="r")
    context.run(handler.on_chain_end, {}, run_id=run_id)
    assert dict(context) == before
