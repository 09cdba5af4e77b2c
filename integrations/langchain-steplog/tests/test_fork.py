"""A run goes on from one of its steps: by the checkpointer's state where there was one, else from what its model was sent."""

import pytest
from click.testing import CliRunner
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from lc_agents import AIMessage, ScriptedModel, calls, create_agent, fetch

import steplog
from langchain_steplog import StepLogHandler, fork
from steplog._cli.main import steplog as cli

ASKED = {"messages": [("user", "go")]}
SCRIPT = [calls("fetch", "c1", page="1"), calls("fetch", "c2", page="2"), AIMessage("done")]


@pytest.fixture
def record(tmp_path):
    """A function: runs an agent into the log; gives the run."""

    def recorded(agent, **config):
        with StepLogHandler(tmp_path / "log") as handler:
            agent.invoke(ASKED, {"callbacks": [handler], **config})
        return steplog.read(tmp_path / "log").run("@last")

    return recorded


def numbers(run, kind):
    return [step.number for step in run.steps if step.kind == kind]


@pytest.mark.parametrize("kind", ["llm", "tool"])
def test_a_graph_goes_on_from_the_checkpoint_before_the_step(record, kind):
    model = ScriptedModel(script=SCRIPT)
    agent = create_agent(model, [fetch], checkpointer=InMemorySaver())
    run = record(agent, configurable={"thread_id": "t"})
    step = numbers(run, kind)[1]
    place = fork(run, step)
    assert place.messages == []
    told = agent.get_state(place.config).values["messages"]
    assert [m.type for m in told] == ["human", "ai", "tool"] + (["ai"] if kind == "tool" else [])
    model.script, model.calls = [AIMessage("another way")], 0
    assert agent.invoke(None, place.config)["messages"][-1].content == "another way"


def test_a_graph_inside_of_a_node_goes_on_by_the_graph_around_it(record):
    inner = create_agent(ScriptedModel(script=SCRIPT), [fetch], name="inner")
    outer = StateGraph(MessagesState)
    outer.add_node("before", lambda state: {"messages": [AIMessage("first")]})
    outer.add_node("inner", inner)
    outer.add_edge(START, "before")
    outer.add_edge("before", "inner")
    outer.add_edge("inner", END)
    built = outer.compile(checkpointer=InMemorySaver())
    run = record(built, configurable={"thread_id": "t"})
    place = fork(run, numbers(run, "tool")[1])
    assert built.get_state(place.config).next == ("inner",)
    assert built.invoke(None, place.config)["messages"][-1].content == "done"


def test_without_a_checkpointer_there_are_the_messages_to_start_from(record):
    model = ScriptedModel(script=SCRIPT)
    build = lambda: create_agent(model, [fetch], system_prompt="Be brief.")  # noqa: E731 - built twice
    run = record(build())
    place = fork(run, numbers(run, "tool")[1])
    assert (place.config, place.system) == (None, "Be brief.")
    assert [m.type for m in place.messages] == ["human", "ai", "tool"]
    assert place.messages[1].tool_calls[0]["args"] == {"page": "1"}
    model.script, model.calls = [AIMessage("another way")], 0
    assert build().invoke({"messages": place.messages})["messages"][-1].content == "another way"
    assert [m["role"] for m in model.prompts[-1]] == ["system", "user", "assistant", "tool"]


def test_the_command_prints_what_the_function_gives(record, tmp_path):
    run = record(
        create_agent(ScriptedModel(script=SCRIPT), [fetch], checkpointer=InMemorySaver()),
        configurable={"thread_id": "t"},
    )
    said = CliRunner().invoke(cli, ["fork", "@last", "2", str(tmp_path / "log")])
    assert said.exit_code == 0
    assert said.output.splitlines()[0] == "before node model (step 1): graph.invoke(None, config)"
    assert fork(run, 2).config["configurable"]["checkpoint_id"] in said.output
    assert CliRunner().invoke(cli, ["fork", "@last", "99", str(tmp_path / "log")]).exit_code == 1


def test_a_step_before_any_model_call_has_nothing_to_go_on_from(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("x") as run, run.tool("search"):
        pass
    with pytest.raises(
        steplog.NotFound, match="no checkpoint at step 1, and no model call at it or before it"
    ):
        fork(recorder.runs[-1], 1)
