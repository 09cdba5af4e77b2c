"""The five-step agent: what is written, how much, and that all of it can be told back."""

import jsonschema
import pytest
from inline_snapshot import snapshot
from lc_agents import five_step_agent, looping_agent, rebuilt, story

from steplog import read
from steplog._format.schema import schema

QUESTION = {"messages": [("user", "add and fetch")]}


def bytes_of_run(sink):
    return sum(len(line) + 1 for line in sink.lines if b'"run":"' in line)


def test_every_call_has_a_start_and_an_end_under_its_node(recorded):
    handler, sink = recorded()
    agent, _ = five_step_agent()
    agent.invoke(QUESTION, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start five",
            "1 node.start model",
            "2<1 llm.start",
            "2 llm.end",
            "1 node.end",
            "3 node.start tools",
            "4<3 tool.start add",
            "4 tool.end",
            "3 node.end",
            "5 node.start model",
            "6<5 llm.start",
            "6 llm.end",
            "5 node.end",
            "7 node.start tools",
            "8<7 tool.start fetch",
            "8 tool.end",
            "7 node.end",
            "9 node.start model",
            "10<9 llm.start",
            "10 llm.end",
            "9 node.end",
            "- run.end",
        ]
    )


def test_a_model_call_says_model_usage_finish_and_tools(recorded):
    handler, sink = recorded()
    agent, _ = five_step_agent()
    agent.invoke(QUESTION, {"callbacks": [handler]})
    start = next(r for r in sink.records if r["ev"] == "llm.start")
    end = next(r for r in sink.records if r["ev"] == "llm.end")
    assert (start["model"], start["tools"], start["prompt"]) == ("scripted-1", ["add", "fetch"], "1")
    assert [d["function"]["name"] for d in start["tool_defs"]] == ["add", "fetch"]
    assert (end["usage"], end["finish_reason"]) == ({"input_tokens": 3, "output_tokens": 7}, "stop")
    assert end["message"]["tool_calls"] == [{"id": "call_1", "name": "add", "args": {"a": 1, "b": 2}}]


def test_a_nodes_command_is_told_as_what_it_says(recorded):
    handler, sink = recorded()
    agent, _ = five_step_agent()
    agent.invoke(QUESTION, {"callbacks": [handler]})
    assert [list(r["output"]) for r in sink.records if r["ev"] == "node.end"] == [["messages"]] * 5


def test_totals_come_from_memory_and_equal_those_of_the_log(recorded):
    handler, sink = recorded()
    agent, _ = five_step_agent()
    agent.invoke(QUESTION, {"callbacks": [handler]})
    end = sink.records[-1]
    assert end["totals"] == handler.totals_of(sink.records[1]["id"]) == handler.totals
    assert {k: end["totals"][k] for k in ("steps", "llm_calls", "tool_calls", "output_tokens", "models")} == {
        "steps": 10,
        "llm_calls": 3,
        "tool_calls": 2,
        "output_tokens": 21,
        "models": ["scripted-1"],
    }


def test_metadata_only_is_under_2000_bytes(recorded):
    handler, sink = recorded(content="none", detail="calls")
    agent, _ = five_step_agent()
    agent.invoke(QUESTION, {"callbacks": [handler]})
    assert [r["ev"] for r in sink.records if "step" in r] == [
        "llm.start",
        "llm.end",
        "tool.start",
        "tool.end",
    ] * 2 + [
        "llm.start",
        "llm.end",
    ]
    assert bytes_of_run(sink) < 2000


def test_metadata_only_keeps_no_content(recorded):
    handler, sink = recorded(content="none", detail="all")
    agent, _ = five_step_agent()
    agent.invoke({"messages": [("user", "a very private question")]}, {"callbacks": [handler]})
    log = b"".join(sink.lines)
    assert b"private" not in log
    assert b"page 3" not in log
    assert b"Fetch a page" not in log


@pytest.mark.parametrize(("turns", "most"), [(5, 18_000), (160, 500_000)])
def test_a_log_grows_linearly_with_everything_kept(recorded, turns, most):
    handler, sink = recorded()
    agent, _ = looping_agent(turns)
    agent.invoke(QUESTION, {"callbacks": [handler], "recursion_limit": 1000})
    assert bytes_of_run(sink) <= most


@pytest.mark.parametrize("turns", [5, 60])
def test_every_prompt_can_be_rebuilt_as_the_model_saw_it(recorded, tmp_path, turns):
    handler, sink = recorded()
    agent, model = looping_agent(turns, name="looper", system_prompt="Be brief.")
    agent.invoke(QUESTION, {"callbacks": [handler], "recursion_limit": 1000})
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(sink.lines) + b"\n")
    run = read(tmp_path / "a.jsonl").runs[0]
    prompts = [[rebuilt(m) for m in run.prompt(step)] for step in run.steps if step.kind == "llm"]
    assert len(prompts) == turns
    assert prompts == model.prompts


def test_every_line_is_of_the_published_schema(recorded):
    validator = jsonschema.Draft202012Validator(schema())
    for settings in ({}, {"detail": "all"}, {"detail": "calls"}, {"content": "preview"}, {"content": "none"}):
        handler, sink = recorded(**settings)
        agent, _ = five_step_agent()
        agent.invoke(QUESTION, {"callbacks": [handler], "metadata": {"team": "a"}, "tags": ["x"]})
        handler.close()
        for record in sink.records:
            assert not list(validator.iter_errors(record)), record
