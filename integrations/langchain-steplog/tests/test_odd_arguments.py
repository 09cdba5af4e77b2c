"""Hooks that are called with what no manager gives them: nothing is raised, and no code of an argument is run."""

import asyncio
import inspect
import uuid

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda


class Barbed:
    """Answers no question about itself."""

    def __bool__(self):
        raise AssertionError("its code was run")

    __eq__ = __ne__ = __len__ = __iter__ = __bool__
    __hash__ = object.__hash__


ODD = [None, 5, "text", [], {}, {"a": 1}, {"input": Barbed()}, {1}, Barbed(), [Barbed()], [[Barbed()]]]
HOOKS = ["on_chain_start", "on_chat_model_start", "on_llm_start", "on_tool_start", "on_retriever_start"]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: f"{type(odd).__name__}")
def test_a_start_takes_anything(recorded, hook, odd):
    handler, sink = recorded(detail="all")
    root = uuid.uuid4()
    handler.on_chain_start({}, {"a": 1}, run_id=root, name="r")
    for parent in (root, None):
        getattr(handler, hook)({}, odd, run_id=uuid.uuid4(), parent_run_id=parent, name="s")
    getattr(handler, hook)(odd, [[HumanMessage("x")]], run_id=uuid.uuid4(), parent_run_id=root)
    getattr(handler, hook)(
        {}, [[]], run_id=uuid.uuid4(), parent_run_id=root, inputs=odd, tags=["a"], metadata={}
    )
    assert b"its code was run" not in b"".join(sink.lines)


@pytest.mark.parametrize("hook", ["on_chain_end", "on_llm_end", "on_tool_end", "on_retriever_end"])
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: f"{type(odd).__name__}")
def test_an_end_takes_anything(recorded, hook, odd):
    handler, sink = recorded(detail="all")
    run_id = uuid.uuid4()
    handler.on_chain_start({}, {"a": 1}, run_id=run_id, name="r")
    for key in (run_id, odd):
        getattr(handler, hook)(odd, run_id=key)
        getattr(handler, hook)(odd, run_id=key, inputs={"a": 1})
    assert b"its code was run" not in b"".join(sink.lines)


def test_each_hook_may_be_called_or_awaited(recorded):
    handler, sink = recorded()
    hooks = [getattr(handler, name) for name in dir(handler) if name.startswith("on_")]
    assert all(map(inspect.iscoroutinefunction, hooks))

    async def program():
        for _ in range(2):
            run_id = uuid.uuid4()
            await handler.on_chain_start({}, {"a": 1}, run_id=run_id, name="r")
            await handler.on_chain_end({"b": 2}, run_id=run_id)
        await RunnableLambda(lambda _: 3).ainvoke(1, {"callbacks": [handler]})

    asyncio.run(program())
    assert [r["output"] for r in sink.records if r["ev"] == "run.end"] == [{"b": 2}, {"b": 2}, 3]
