"""A guard ends agents and workflows of LlamaIndex: at the next call, or with an answer."""

import asyncio

import pytest
from li_models import Scripted, add
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index_instrumentation.dispatcher import Dispatcher
from llama_index_instrumentation.span import active_span_id
from workflows import Workflow, step
from workflows.events import StartEvent, StopEvent

import steplog
from llama_index.observability.steplog import activate, deactivate

TOOL = FunctionTool.from_defaults(fn=add, name="add")


class Looping(Scripted):
    """Asks for another sum for ever, as long as there are tools."""

    def _prepare_chat_with_tools(self, tools, **given):
        self.script[:] = [("add", {"a": self.calls, "b": 2})] if tools else ["as far as I got"]
        return super()._prepare_chat_with_tools(tools, **given)


class LoopingReAct(Scripted):
    """The same for an agent that is told of its tools in words."""

    def answer(self):
        act = f'Thought: on.\nAction: add\nAction Input: {{"a": {self.calls}, "b": 2}}'
        self.script[:] = [act if self.calls < 20 else "Thought: done.\nAnswer: 42"]
        return super().answer()


@pytest.fixture
def handler(tmp_path):
    yield activate(tmp_path / "log", detail="calls")
    deactivate()


def function_agent(*, streaming=False):
    return FunctionAgent(
        name="adder", description="adds", tools=[TOOL], llm=Looping(script=[]), streaming=streaming
    )


def workflow(**given):
    return AgentWorkflow(agents=[function_agent(**given)], root_agent="adder")


def made(run):
    return run.totals["llm_calls"] + run.totals.get("tool_calls", 0)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("build", [function_agent, workflow], ids=["FunctionAgent", "AgentWorkflow"])
async def test_a_looping_agent_is_stopped_at_the_next_call(handler, build, streaming):
    with steplog.guard(max_steps=6), pytest.raises(steplog.BudgetExceeded, match="6 of 6 steps"):
        await build(streaming=streaming).run("go")
    run = handler.runs[-1]
    assert (made(run), run.status, run.error["type"]) == (6, "error", "BudgetExceeded")


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("limit", [5, 6], ids=["at a tool", "at the model"])
@pytest.mark.parametrize("build", [function_agent, workflow], ids=["FunctionAgent", "AgentWorkflow"])
async def test_a_looping_agent_answers_with_one_more_call(handler, build, streaming, limit):
    with steplog.guard(max_steps=limit, then="wrap_up"):
        result = await build(streaming=streaming).run("go")
    assert str(result) == "as far as I got"
    run = handler.runs[-1]
    assert run.totals["llm_calls"] == 4
    assert [step.field("data")["then"] for step in run.steps if step.name == "steplog.guard"] == [
        "near",
        "wrap_up",
    ]
    assert run.status == "ok"


async def test_what_the_last_call_was_told_is_not_in_the_agents_memory(handler):
    from llama_index.core.workflow import Context

    agent = function_agent()
    ctx = Context(agent)
    with steplog.guard(max_steps=6, then="wrap_up"):
        await agent.run("go", ctx=ctx)
    memory = await ctx.store.get("memory")
    assert not [m for m in await memory.aget() if "The budget of this run" in (m.content or "")]
    asked = [step for step in handler.runs[-1].steps if step.kind == "llm"][-1].prompt[-1]
    assert asked["content"].startswith("The budget of this run is used up")


async def test_an_agent_that_thinks_in_words_is_ended_too(handler):
    agent = ReActAgent(name="adder", tools=[TOOL], llm=LoopingReAct(script=[]), streaming=False)
    with steplog.guard(max_steps=6, then="wrap_up"):
        await agent.run("go")
    assert made(handler.runs[-1]) <= 7


async def test_agents_side_by_side_have_budgets_of_their_own(handler):
    with steplog.guard(max_steps=6, then="wrap_up"):
        results = await asyncio.gather(*(workflow().run("go") for _ in range(3)))
    assert [str(result) for result in results] == ["as far as I got"] * 3


class Asking(Workflow):
    """Calls its model by itself, for ever."""

    @step
    async def ask(self, ev: StartEvent) -> StopEvent:
        model = Scripted(script=["on"])
        while True:
            await model.achat([ChatMessage("go")])


async def test_a_workflow_that_calls_its_model_itself_is_stopped(handler):
    with steplog.guard(max_steps=4), pytest.raises(steplog.BudgetExceeded):
        await Asking(timeout=20).run()
    assert handler.runs[-1].totals["llm_calls"] == 4


class Refused(Workflow):
    """Notes in which span it is before and after a call that is refused."""

    @step
    async def ask(self, ev: StartEvent) -> StopEvent:
        model = Scripted(script=["on"])
        await model.achat([ChatMessage("go")])
        before = active_span_id.get()
        with pytest.raises(steplog.BudgetExceeded):
            await model.achat([ChatMessage("go")])
        with pytest.raises(steplog.BudgetExceeded):
            model.chat([ChatMessage("go")])
        return StopEvent(result=before == active_span_id.get())


async def test_after_a_call_that_was_refused_the_span_is_the_one_before(handler):
    with steplog.guard(max_steps=1):
        assert await Refused(timeout=20).run() is True


def test_nothing_of_llama_index_is_wrapped_without_a_guard(handler):
    before = vars(Dispatcher)["span_enter"], vars(FunctionAgent)["take_step"]
    with steplog.guard(max_steps=5, then="wrap_up"):
        assert vars(Dispatcher)["span_enter"] is not before[0]
        asyncio.run(run(function_agent()))
    assert (vars(Dispatcher)["span_enter"], vars(FunctionAgent)["take_step"]) == before
    with steplog.guard(max_steps=5):
        deactivate()
        assert vars(Dispatcher)["span_enter"] is before[0]


async def run(agent):
    return await agent.run("go")
