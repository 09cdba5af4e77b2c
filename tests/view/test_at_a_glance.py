"""What a run did not do, why an answer ended, which prompt grew and what it lost: said on the rows, with nothing clicked."""

from __future__ import annotations

import re

import pytest
from page_tools import run_cli

import steplog


def agents(log):
    """A real agent whose middleware denies a call; a router; answers that a limit cut off or a filter stopped."""
    middleware = pytest.importorskip("langchain.agents.middleware", reason="langchain is not installed")
    from langchain_core.messages import AIMessage, ToolMessage
    from langchain_core.tools import tool
    from langgraph.graph import END, START, MessagesState, StateGraph
    from scripted_agents import Scripted, create_agent, rounds

    from langchain_steplog import StepLogHandler

    @tool
    def fetch(page: str) -> str:
        """Fetches a page."""
        return f"{page}: " + "the crew rows forty-five kilometres a day. " * 400

    @middleware.wrap_tool_call
    def guard(request, handler):
        if request.tool_call["args"]["page"] == "salaries":
            return ToolMessage("not for agents", tool_call_id=request.tool_call["id"])
        return handler(request)

    script = [
        ("", [("fetch", {"page": "salaries"})]),
        ("", [("fetch", {"page": "diary"})]),
        ("Nothing but rowing.", []),
    ]
    model = Scripted(script=lambda messages: script[rounds(messages)], seconds=0)
    handler = StepLogHandler(log)
    agent = create_agent(model, [fetch], middleware=[guard], name="reader")
    agent.invoke({"messages": [("user", "Who earns what?")]}, {"callbacks": [handler]})

    routed = StateGraph(MessagesState)
    routed.add_node("sort", lambda state: {"messages": [AIMessage("a complaint")]})
    routed.add_node("complaints", lambda state: {"messages": [AIMessage("sorry")]})
    routed.add_edge(START, "sort")
    routed.add_conditional_edges("sort", lambda state: "complaints", ["complaints", END])
    routed.compile(name="router").invoke({"messages": [("user", "It broke.")]}, {"callbacks": [handler]})

    with steplog.Recorder(log) as recorder, recorder.run("endings", input="Go on.") as run:
        history = [{"role": "user", "content": "Go on."}]
        for reason, kept in (("length", 3), ("content_filter", 3), ("stop", 1)):
            with run.llm(model="aria-small", provider="acme", messages=history[-kept:]) as call:
                call.set(
                    message={"role": "assistant", "content": f"told until {reason}"}, finish_reason=reason
                )
            history += [
                {"role": "assistant", "content": f"told until {reason}"},
                {"role": "user", "content": "Go on."},
            ]
    handler.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("glance")
    agents(folder / "logs")
    target = folder / "runs.html"
    assert run_cli("html", "--last", "9", "-p", str(folder / "logs"), "-o", str(target)).returncode == 0
    return folder / "logs", target


@pytest.fixture
def shown(tab, page_file):
    """Opens a run of the file by its name; gives the texts of its rows."""

    def open_run(name: str, rest: str = "") -> str:
        log, target = page_file
        (run,) = [run for run in steplog.read(log).runs if run.name == name]
        opened = tab()
        opened.open(f"{target.as_uri()}#/run/{run.id}{rest}")
        opened.wait(lambda: opened.page.query_selector(".tr"))
        opened.clean()
        return opened.text(".tree")

    return open_run


def test_a_denied_call_stands_among_the_steps_with_its_arguments_and_the_reason(shown):
    text = shown("reader")
    assert "denied" in text
    assert "“salaries”" in text
    assert "not for agents" in text


def test_a_prompt_that_grew_says_by_how_much_and_from_which_tool(shown):
    assert "tokens, most of it from fetch" in shown("reader")


def test_the_way_that_a_router_chose_stands_on_its_row(shown):
    assert "goes on at complaints" in shown("router", "?rows=nodes")


def test_answers_that_did_not_end_of_themselves_say_so_and_a_prompt_what_it_lost(shown):
    text = shown("endings")
    assert text.count("cut off") == 1
    assert text.count("refused") == 1
    assert re.search("− [12] messages?: 1 (user, 1 )?assistant", text)
