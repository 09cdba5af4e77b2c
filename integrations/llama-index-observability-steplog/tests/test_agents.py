"""Agents of LlamaIndex: every model call and every tool call, what failed, who handed over to whom."""

import pytest
from li_models import Bare, Scripted, add, boom, tree
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import FunctionTool


async def test_a_function_agent_is_told_model_tool_model(recorded):
    model = Scripted(script=[("add", {"a": 1, "b": 2}), "three"])
    agent = FunctionAgent(llm=model, tools=[add], name="adder", system_prompt="Be brief.")
    result = await agent.run("What is 1 + 2?")
    assert str(result) == "three"
    run = recorded.run
    assert (run.name, run.framework, run.status) == ("adder", "llama-index", "ok")
    assert tree(run) == [
        "node run_agent_step",
        "  llm scripted-1",
        "tool add",
        "node run_agent_step",
        "  llm scripted-1",
    ]
    assert run.input == {"user_msg": "What is 1 + 2?"}
    assert run.output["response"]["content"] == "three"


async def test_what_a_tool_answered_is_in_the_log_once_and_in_the_next_prompt(recorded):
    model = Scripted(script=[("add", {"a": 1, "b": 2}), "three"])
    await FunctionAgent(llm=model, tools=[add], system_prompt="Be brief.").run("What is 1 + 2?")
    run = recorded.run
    llm, tool = run.steps[1], run.steps[2]
    assert tool.fields["call_id"] == "call_1_0"
    assert tool.fields["asked_by"] == llm.number
    assert tool.fields["args"] == {"a": 1, "b": 2}
    assert [m["role"] for m in run.prompt(run.steps[4])] == ["system", "user", "assistant", "tool"]
    assert run.prompt(run.steps[4])[3] == tool.message
    assert tool.message["content"] == "3"
    assert len(run.messages) == 5
    assert llm.fields["tools"] == ["add"]
    assert llm.fields["tool_defs"][0]["function"]["name"] == "add"


async def test_tools_that_reach_a_model_as_objects_are_told_by_name_and_description(recorded):
    tool = FunctionTool.from_defaults(lambda q: q, name="echo", description="Says it again.")
    await MockFunctionCallingLLM().achat_with_tools([tool], user_msg="hi")
    (llm,) = [step for step in recorded.run.steps if step.kind == "llm"]
    assert llm.fields["tools"] == ["echo"]
    assert llm.fields["tool_defs"] == [{"name": "echo", "description": "Says it again."}]


async def test_a_tool_that_raises_is_an_error_with_its_stack_though_the_agent_goes_on(recorded):
    model = Scripted(script=[("boom", {"a": 1}), "sorry"])
    assert str(await FunctionAgent(llm=model, tools=[boom]).run("hi")) == "sorry"
    run = recorded.run
    tool = next(s for s in run.steps if s.kind == "tool")
    assert run.status == "ok"
    assert tool.status == "error"
    assert (tool.error["type"], tool.error["message"]) == ("ValueError", "cannot take 1")
    assert tool.error["stack"][-1].endswith("in boom")
    assert tool.message["content"] == "cannot take 1"
    assert run.totals["errors"] == 1
    assert "chain" not in [s.kind for s in run.steps]


async def test_a_tool_that_does_not_exist_is_a_failed_tool_call(recorded):
    model = Scripted(script=[("nope", {}), "sorry"])
    await FunctionAgent(llm=model, tools=[add]).run("hi")
    tool = next(s for s in recorded.run.steps if s.kind == "tool")
    assert (tool.name, tool.status) == ("nope", "error")
    assert "not found" in tool.message["content"]


async def test_parallel_tool_calls_are_steps_of_their_own(recorded):
    model = Scripted(script=[[("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})], "done"])
    await FunctionAgent(llm=model, tools=[add]).run("hi")
    tools = [s for s in recorded.run.steps if s.kind == "tool"]
    assert sorted(t.message["content"] for t in tools) == ["3", "7"]
    assert {t.fields["asked_by"] for t in tools} == {2}


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_model_that_fails_is_the_origin_of_the_runs_error(recorded, streaming):
    agent = FunctionAgent(llm=Scripted(script=[ValueError("model down")]), tools=[add], streaming=streaming)
    with pytest.raises(ValueError, match="model down"):
        await agent.run("hi")
    run = recorded.run
    llm = next(s for s in run.steps if s.kind == "llm")
    assert (run.status, llm.status, llm.error["message"]) == ("error", "error", "model down")
    assert run.error["step"] == llm.number
    assert run.totals["errors"] == 1


async def test_a_handoff_names_both_agents(recorded):
    first = Scripted(script=[("handoff", {"to_agent": "writer", "reason": "writing"}), "never"])
    finder = FunctionAgent(
        name="finder", description="finds", llm=first, tools=[add], can_handoff_to=["writer"]
    )
    writer = FunctionAgent(name="writer", description="writes", llm=Scripted(script=["done"]), tools=[add])
    assert str(await AgentWorkflow(agents=[finder, writer], root_agent="finder").run("hi")) == "done"
    run = recorded.run
    assert tree(run) == [
        "node finder.run_agent_step",
        "  llm scripted-1",
        "tool handoff",
        "node writer.run_agent_step",
        "  llm scripted-1",
    ]
    assert run.steps[2].fields["args"]["to_agent"] == "writer"


async def test_a_react_agent_is_told_alike(recorded):
    script = ['Thought: I add.\nAction: add\nAction Input: {"a": 1, "b": 2}', "Thought: I know.\nAnswer: 3"]
    assert str(await ReActAgent(llm=Scripted(script=script), tools=[add]).run("hi")) == "3"
    assert tree(recorded.run) == [
        "node run_agent_step",
        "  llm scripted-1",
        "tool add",
        "node run_agent_step",
        "  llm scripted-1",
    ]


async def test_a_model_class_without_llama_indexs_decorators_is_told_by_its_spans(recorded):
    model = Bare(script=[("add", {"a": 1, "b": 2}), "three"])
    assert str(await FunctionAgent(llm=model, tools=[add], streaming=False).run("hi")) == "three"
    run = recorded.run
    llms = [s for s in run.steps if s.kind == "llm"]
    assert [s.status for s in llms] == ["ok", "ok"]
    assert llms[1].message["content"] == "three"
    assert "usage" not in llms[1].fields


async def test_events_of_an_agent_reach_their_reader_all(recorded):
    handler = FunctionAgent(llm=Scripted(script=["one two three"]), tools=[add]).run("hi")
    deltas = [e.delta async for e in handler.stream_events() if type(e).__name__ == "AgentStream"]
    assert "".join(deltas) == "one two three"
    assert str(await handler) == "one two three"
    assert recorded.run.status == "ok"


async def test_a_tool_that_asks_a_human_is_interrupted_and_then_called_again(recorded):
    from llama_index.core.workflow import Context, HumanResponseEvent, InputRequiredEvent

    async def confirm(ctx: Context, question: str) -> str:
        """Ask the human."""
        asked = InputRequiredEvent(prefix=question)
        return (await ctx.wait_for_event(HumanResponseEvent, waiter_event=asked)).response

    model = Scripted(script=[("confirm", {"question": "Sure?"}), "done"])
    handler = FunctionAgent(llm=model, tools=[confirm]).run("hi")
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            handler.ctx.send_event(HumanResponseEvent(response="yes"))
    assert str(await handler) == "done"
    run = recorded.run
    assert tree(run)[2:6] == ["tool confirm [interrupted]", "  interrupt", "resume", "tool confirm"]
    assert (run.status, run.steps[-1].kind) == ("ok", "llm")
    assert "errors" not in run.totals
