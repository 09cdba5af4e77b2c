"""What a replay gives again beyond answers: failures, Commands, objects; and what it cannot is said before the run."""

import re
from typing import Annotated

import pytest
from langchain.agents.structured_output import ProviderStrategy
from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import MessagesState
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, interrupt
from lc_agents import AIMessage, ScriptedModel, calls, create_agent
from pydantic import BaseModel

import steplog
from langchain_steplog import ReplayModel, StepLogHandler, recorded_tools
from steplog.testing import CannotReplay, RecordedFailure, expect
from versions import since

ASKED = {"messages": [("user", "go")]}


@tool
def broken(x: int) -> int:
    """Fail."""
    raise ValueError("no such page")


@tool
def noting(x: int, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command:
    """Answer with a command."""
    return Command(update={"messages": [ToolMessage(f"noted {x}", tool_call_id=tool_call_id)]})


@tool
def counting(x: int, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command:
    """Change the state, too."""
    return Command(update={"count": x, "messages": [ToolMessage("counted", tool_call_id=tool_call_id)]})


@tool
def asking(x: int) -> str:
    """Ask a human."""
    return interrupt("may I?")


@pytest.fixture
def record(tmp_path):
    """A function: runs an agent into a log of its own; gives the run and the result."""
    count = iter(range(100))

    def recorded(agent, given=ASKED, config=None, **settings):
        path = tmp_path / f"log{next(count)}"
        with StepLogHandler(path, **settings) as handler:
            result = agent.invoke(given, {**(config or {}), "callbacks": [handler]})
        return steplog.read(path).run("@last"), result

    return recorded


def test_a_model_call_that_failed_fails_again_and_the_next_one_answers(record):
    model = ScriptedModel(script=[TimeoutError("too slow"), AIMessage("done")])
    build = lambda model: model.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)  # noqa: E731 - said twice
    run, result = record(build(model), "go")
    again, same = record(build(ReplayModel(run)), "go")
    assert (result.content, same.content) == ("done", "done")
    told = [(step.status, step.error and step.error["type"]) for step in run.steps if step.kind == "llm"]
    assert told == [("error", "TimeoutError"), ("ok", None)]
    assert [
        (step.status, step.error and step.error["type"]) for step in again.steps if step.kind == "llm"
    ] == told


class OwnError(Exception):
    def __init__(self, code, page):
        super().__init__(f"{code} at {page}")


def test_a_failure_that_cannot_be_made_again_is_named(record, tmp_path):
    model = ScriptedModel(script=[OwnError(5, "x")])
    with StepLogHandler(tmp_path / "log") as handler, pytest.raises(OwnError):
        model.invoke("go", {"callbacks": [handler]})
    with pytest.raises(RecordedFailure, match=re.escape("OwnError: 5 at x")):
        ReplayModel(steplog.read(tmp_path / "log").run("@last")).invoke("go")


def test_a_tool_that_failed_fails_with_the_same_words(record):
    def build(model, tools):
        node = ToolNode(tools, handle_tool_errors=True)
        from langgraph.graph import END, START, StateGraph

        graph = StateGraph(MessagesState)
        graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
        graph.add_node("tools", node)
        graph.add_edge(START, "model")
        graph.add_conditional_edges("model", lambda s: "tools" if s["messages"][-1].tool_calls else END)
        graph.add_edge("tools", "model")
        return graph.compile()

    run, _ = record(build(ScriptedModel(script=[calls("broken", "c1", x=1), AIMessage("sorry")]), [broken]))
    model = ReplayModel(run, tools="recorded")
    again, result = record(build(model, model.replayed([broken])))
    assert result["messages"][-1].content == "sorry"
    expect(again).same_as(run)


def test_a_command_that_only_answers_is_replayed(record):
    script = [calls("noting", "c1", x=1), AIMessage("ok")]
    run, _ = record(create_agent(ScriptedModel(script=script), [noting]))
    model = ReplayModel(run, tools="recorded")
    again, result = record(create_agent(model, model.replayed([noting])))
    assert [m.content for m in result["messages"]] == ["go", "", "noted 1", "ok"]
    assert again.tools == run.tools


class Counted(MessagesState):
    count: int


def test_a_command_that_changes_the_state_is_said_before_the_run(record):
    model = ScriptedModel(script=[calls("counting", "c1", x=1), AIMessage("ok")])
    run, _ = record(create_agent(model, [counting], state_schema=Counted))
    with pytest.raises(
        CannotReplay, match=r"tool call 4 \(counting\) changed more of the agent's state than its own"
    ):
        ReplayModel(run, tools="recorded")


def test_a_tool_that_waits_for_a_human_is_said_before_the_run(record):
    agent = create_agent(
        ScriptedModel(script=[calls("asking", "c1", x=1)]), [asking], checkpointer=InMemorySaver()
    )
    run, _ = record(agent, config={"configurable": {"thread_id": "t"}})
    with pytest.raises(
        CannotReplay, match=r"tool call 4 \(asking\) gave nothing back: it ended as interrupted"
    ):
        recorded_tools(run, [asking])


def test_a_prompt_that_was_cut_is_said_before_the_run_unless_nobody_compares(record):
    asked = {"messages": [("user", "long " * 1000)]}
    run, _ = record(create_agent(ScriptedModel(script=[AIMessage("ok")]), []), asked, max_value_bytes=1000)
    with pytest.raises(CannotReplay, match="the prompt of model call 2 was cut when it was recorded"):
        ReplayModel(run)
    assert create_agent(ReplayModel(run, strict=False), []).invoke(asked)["messages"][-1].content == "ok"


def test_a_prompt_over_the_usual_limit_is_compared_all_the_same(record):
    asked = {"messages": [("user", "very long " * 30_000)]}
    run, _ = record(create_agent(ScriptedModel(script=[AIMessage("ok")]), []), asked)
    assert create_agent(ReplayModel(run), []).invoke(asked)["messages"][-1].content == "ok"


@tool
def login(token: str) -> str:
    """Log in."""
    return "welcome"


def test_a_tool_called_with_a_secret_is_found_by_what_the_log_has(record):
    run, _ = record(login, {"token": "sk-proj-abcdefghijklmnop0123456789"})
    [again] = recorded_tools(run, [login])
    assert again.invoke({"token": "sk-proj-abcdefghijklmnop0123456789"}) == "welcome"


def test_a_log_without_masking_replays_what_would_be_masked(record):
    asked = {"messages": [("user", "the key is sk-proj-abcdefghijklmnop0123456789")]}
    run, _ = record(create_agent(ScriptedModel(script=[AIMessage("ok")]), []), asked, redact=False)
    assert create_agent(ReplayModel(run), []).invoke(asked)["messages"][-1].content == "ok"


class Drink(BaseModel):
    """What to drink."""

    name: str


class ProviderModel(ScriptedModel):
    """Gives objects as JSON, as OpenAI's models do, and says so."""

    @property
    def _identifying_params(self):
        return {"model_name": self.model_name, "response_format": {"type": "json_schema"}}

    def bind_tools(self, tools, **kwargs):
        return self.bind(response_format={"type": "json_schema"})


@since("langchain", "1.1.0")  # before, a model's profile does not say that its provider gives objects
def test_an_object_that_the_provider_gave_as_json_is_one_again(record):
    model = ProviderModel(script=[AIMessage('{"name": "tea"}')], profile={"structured_output": True})
    run, result = record(create_agent(model, [], response_format=Drink))
    assert result["structured_response"] == Drink(name="tea")
    _, same = record(create_agent(ReplayModel(run), [], response_format=Drink))
    assert same["structured_response"] == Drink(name="tea")
    _, explicit = record(create_agent(ReplayModel(run), [], response_format=ProviderStrategy(Drink)))
    assert explicit["structured_response"] == Drink(name="tea")


@pytest.mark.parametrize(
    "answer",
    [
        AIMessage('{"name": "tea"}'),
        AIMessage("", tool_calls=[ToolCall(name="Drink", args={"name": "tea"}, id="c1")]),
    ],
    ids=["json", "call"],
)
def test_with_structured_output_gives_the_object(record, answer):
    run, _ = record(ScriptedModel(script=[answer]), "go")
    assert ReplayModel(run).with_structured_output(Drink).invoke("go") == Drink(name="tea")
    raw = ReplayModel(run).with_structured_output(Drink.model_json_schema(), include_raw=True).invoke("go")
    assert raw["parsed"] == {"name": "tea"}
