"""A tool that tells of a failure has its error; what LangGraph raises to steer itself is none."""

import contextlib
from typing import Annotated

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command
from lc_agents import AIMessage, ScriptedModel, calls, create_agent

LONG = "no such page: " + "x" * 400


@tool
def message(call_id: Annotated[str, InjectedToolCallId]) -> ToolMessage:
    """Answer with a message that says it failed."""
    return ToolMessage(LONG, tool_call_id=call_id, status="error")


@tool
def blocks(call_id: Annotated[str, InjectedToolCallId]) -> ToolMessage:
    """Answer with blocks of content, as MCP's tools do."""
    content = [{"type": "text", "text": "no such page"}, {"type": "image", "data": "…"}]
    return ToolMessage(content, tool_call_id=call_id, status="error")


@tool
def command(call_id: Annotated[str, InjectedToolCallId]) -> Command:
    """Answer with a command that carries one."""
    return Command(update={"messages": [ToolMessage("no such page", tool_call_id=call_id, status="error")]})


@tool
def several(call_id: Annotated[str, InjectedToolCallId]) -> list:
    """Answer with a list of commands and messages, of which one failed."""
    return [
        Command(update={}),
        ToolMessage("no such page", tool_call_id=call_id, status="error"),
    ]


@tool
def fine(call_id: Annotated[str, InjectedToolCallId]) -> Command:
    """Answer with a command that carries a message that is well."""
    return Command(update={"messages": [ToolMessage("a page", tool_call_id=call_id)]})


def ends(sink, kind):
    return [line for line in sink.records if line["ev"] == f"{kind}.end"]


def asked(recorded, answer):
    """The end of the tool step, and the handler, of an agent whose model asks for this tool once."""
    handler, sink = recorded()
    model = ScriptedModel(script=[calls(answer.name, "c1"), AIMessage("done")])
    create_agent(model, [answer]).invoke({"messages": [("user", "go")]}, {"callbacks": [handler]})
    assert "status" not in ends(sink, "run")[0]
    (end,) = ends(sink, "tool")
    return end, handler


@pytest.mark.parametrize("answer", [message, blocks, command], ids=lambda t: t.name)
def test_a_tool_whose_message_says_that_it_failed_is_an_error_with_what_it_said(recorded, answer):
    end, handler = asked(recorded, answer)
    assert end["status"] == "error"
    assert end["error"]["type"] == "ToolMessage"
    assert end["error"]["message"].startswith("no such page")
    assert len(end["error"]["message"]) <= 251
    assert handler.totals["errors"] == 1


def test_a_tool_that_answers_several_things_of_which_one_failed_is_an_error(recorded):
    end, handler = asked(recorded, several)
    assert (end["status"], end["error"]["message"]) == ("error", "no such page")
    assert handler.totals["errors"] == 1


def test_a_command_whose_messages_are_well_is_no_error(recorded):
    end, handler = asked(recorded, fine)
    assert not {"status", "error"} & end.keys()
    assert "errors" not in handler.totals


def graph_of(node):
    graph = StateGraph(MessagesState)
    graph.add_node("work", node)
    graph.add_node("next", lambda _: {})
    graph.add_edge(START, "work")
    graph.add_edge("work", "next")
    return graph.compile(name="g")


def test_a_graph_that_was_asked_to_stop_is_cancelled_and_says_why(recorded):
    runtime = pytest.importorskip("langgraph.runtime")
    if not hasattr(runtime, "RunControl"):
        pytest.skip("this langgraph cannot be drained")
    handler, sink = recorded()
    control = runtime.RunControl()

    def work(_):
        control.request_drain("deploy")
        return {}

    from langgraph.errors import GraphDrained

    with pytest.raises(GraphDrained):
        graph_of(work).invoke({"messages": []}, {"callbacks": [handler]}, control=control)
    (end,) = ends(sink, "run")
    assert end["status"] == "cancelled"
    assert "deploy" in end["error"]["message"]
    assert "errors" not in handler.totals
    assert [line.get("status") for line in ends(sink, "node")] == [None]


def test_a_bare_bubble_up_hands_control_on_and_is_no_error(recorded):
    from langgraph.errors import GraphBubbleUp

    handler, sink = recorded()

    def work(_):
        raise GraphBubbleUp

    with contextlib.suppress(GraphBubbleUp):
        graph_of(work).invoke({"messages": []}, {"callbacks": [handler]})
    assert [line["status"] for line in ends(sink, "node")] == ["handoff"]
    assert "errors" not in handler.totals
