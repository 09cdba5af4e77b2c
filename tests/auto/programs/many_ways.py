"""Agents run in all the ways that other recorders listen to: sync, async, streamed, in a graph, failing."""

import asyncio
import contextlib

import agent_langchain
import agent_langgraph
from langchain_core.language_models import FakeListChatModel, FakeListLLM
from langchain_core.runnables import RunnableLambda


def fail(_: object) -> None:
    raise ValueError("on purpose")


async def asynchronously() -> None:
    await FakeListLLM(responses=["text"]).ainvoke("a text model")
    await FakeListChatModel(responses=["chat"]).ainvoke("a chat model")
    async for _ in FakeListChatModel(responses=["streamed"]).astream("a stream"):
        pass
    async for _ in FakeListLLM(responses=["streamed"]).astream("a text stream"):
        pass


def run() -> None:
    agent_langchain.agent()
    agent_langgraph.agent()
    with contextlib.suppress(ValueError):
        RunnableLambda(fail).invoke(1)
    asyncio.run(asynchronously())
