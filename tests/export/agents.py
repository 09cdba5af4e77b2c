"""Agents of five kinds, as a user's program: `python agents.py KIND`; the models are LangChain's own fakes."""

import os
import sys

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool


class Scripted(GenericFakeChatModel):
    """Answers from a script, and takes tools."""

    def bind_tools(self, tools, **kwargs):
        return self


def scripted(*answers):
    return Scripted(messages=iter(answers))


def asks(name, call_id, **args):
    usage = {
        "input_tokens": 20,
        "output_tokens": 5,
        "total_tokens": 25,
        "input_token_details": {"cache_read": 8},
    }
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": call_id}], usage_metadata=usage)


@tool
def search(query: str) -> str:
    """Look something up."""
    return f"nothing about {query} but the phrase quota exceeded"


@tool
def broken(query: str) -> str:
    """Always fails."""
    raise ValueError("the index is gone")


@tool
def deadly(query: str) -> str:
    """Kills the process it runs in."""
    os._exit(9)


def five():
    model = scripted(
        asks("search", "c1", query="tea"), asks("search", "c2", query="milk"), AIMessage("Done.")
    )
    create_agent(model, [search], name="five").invoke(
        {"messages": [("user", "look it up")]}, {"metadata": {"user_id": "u-17"}}
    )


def failed():
    create_agent(scripted(asks("broken", "c1", query="x")), [broken], name="failed").invoke(
        {"messages": [("user", "go")]}
    )


def crashed():
    create_agent(scripted(asks("deadly", "c1", query="x")), [deadly], name="crashed").invoke(
        {"messages": [("user", "go")]}
    )


def interrupted():
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command, interrupt

    @tool
    def ask(question: str) -> str:
        """Ask a human."""
        return interrupt(question)

    agent = create_agent(
        scripted(asks("ask", "c1", question="may I?"), AIMessage("I did.")),
        [ask],
        name="asker",
        checkpointer=InMemorySaver(),
    )
    config = {"configurable": {"thread_id": "t1"}}
    agent.invoke({"messages": [("user", "do it")]}, config)
    agent.invoke(Command(resume="yes"), config)


def team():
    from deepagents import create_deep_agent

    helper = {
        "name": "helper",
        "description": "helps",
        "system_prompt": "help",
        "model": scripted(AIMessage("helped")),
        "tools": [],
    }
    main = scripted(asks("task", "c1", description="do it", subagent_type="helper"), AIMessage("done"))
    create_deep_agent(model=main, tools=[], subagents=[helper], name="team").invoke(
        {"messages": [("user", "go")]}
    )


if __name__ == "__main__":
    globals()[sys.argv[1]]()
