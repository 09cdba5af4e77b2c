"""Small real agents of LangGraph's with scripted models: a support agent with a sub-agent and a human, a report, one that dies."""

import contextlib
import os
import sys
import time

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt

from langchain_steplog import StepLogHandler


class Model(GenericFakeChatModel):
    def bind_tools(self, tools, **_):
        return self

    def _get_ls_params(self, stop=None, **_):
        return {"ls_provider": "openai", "ls_model_name": "gpt-4o", "ls_model_type": "chat"}


def says(text="", calls=(), read=100, wrote=10, finish="stop"):
    usage = {"input_tokens": read, "output_tokens": wrote, "total_tokens": read + wrote}
    asked = [{"name": name, "args": args, "id": f"{name}-{at}"} for at, (name, args) in enumerate(calls)]
    return AIMessage(
        text, tool_calls=asked, usage_metadata=usage, response_metadata={"finish_reason": finish}
    )


@tool
def refund(order: int) -> str:
    """Refund an order."""
    answer = interrupt({"question": f"Refund order {order}?"})
    return "refunded" if answer == "yes" else "denied"


@tool
def look_up(order: int) -> str:
    """Look an order up."""
    time.sleep(0.05)
    return f"order {order}: 40 EUR, paid"


@tool
def charge(amount: int) -> str:
    """Charge a card."""
    raise ValueError(f"quota exceeded for amount {amount}")


@tool
def export(day: str) -> str:
    """Export a day's orders."""
    os._exit(1)


@tool
def analyse(topic: str) -> str:
    """Ask the analyst."""
    model = Model(
        messages=iter([says(calls=[("look_up", {"order": 7})], read=700), says(f"{topic} is fine", read=900)])
    )
    analyst = create_agent(model, [look_up], name="analyst")
    return analyst.invoke({"messages": [("user", f"analyse {topic}")]})["messages"][-1].content


def agent(name, tools, *answers, **given):
    return create_agent(Model(messages=iter(answers)), tools, name=name, **given)


def main(path):
    handler = StepLogHandler(path)
    config = {"callbacks": [handler], "metadata": {"user": "u-17"}, "configurable": {"thread_id": "t1"}}
    support = agent(
        "support",
        [refund, look_up],
        says(calls=[("look_up", {"order": 1017})]),
        says("Let me refund it.", calls=[("refund", {"order": 1017})], read=200),
        says("Your money is on its way.", read=300),
        says("You are welcome.", read=400),
        checkpointer=InMemorySaver(),
    )
    support.invoke({"messages": [("user", "Refund my order 1017")]}, config)
    support.invoke(Command(resume="yes"), config)
    support.invoke({"messages": [("user", "Thanks")]}, config)

    plain = {"callbacks": [handler], "metadata": {"user": "u-2"}}
    failing = agent("billing", [charge], says(calls=[("charge", {"amount": 40})]))
    with contextlib.suppress(ValueError):
        failing.invoke({"messages": [("user", "Charge me")]}, plain)
    short = [says("A report that is cut o", read=5_000, wrote=64, finish="length")]
    agent("report", [], *short).invoke({"messages": [("user", "Write the report")]}, plain)
    yesterday = agent(
        "daily", [analyse], says(calls=[("analyse", {"topic": "orders"})]), says("All fine.", read=150)
    )
    yesterday.invoke({"messages": [("user", "How are orders?")]}, plain)
    today = agent(
        "daily", [analyse, look_up],
        says(calls=[("analyse", {"topic": "orders"})]),
        says(calls=[("look_up", {"order": 8})], read=60_000),
        says("All fine.", read=61_000),
    )  # fmt: skip
    today.invoke({"messages": [("user", "How are orders?")]}, plain)
    dying = agent("nightly", [export], says(calls=[("export", {"day": "2026-11-26"})]))
    dying.invoke({"messages": [("user", "Export yesterday")]}, plain)


main(sys.argv[1])
