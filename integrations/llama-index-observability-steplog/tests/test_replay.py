"""A recorded run answers again, in LlamaIndex's agents and query engines."""

import pytest
from li_models import Scripted, add, tree
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

import steplog
from llama_index.observability.steplog import ReplayLLM, activate, deactivate, recorded_tools
from steplog.testing import CannotReplay, PromptChanged, expect

CALLED = []


def counted(a: int, b: int) -> int:
    """Add two numbers."""
    CALLED.append((a, b))
    return add(a, b)


TOOL = FunctionTool.from_defaults(fn=counted, name="add")


@pytest.fixture
def record(tmp_path):
    """A function: awaits a call while a log of its own is written; gives the log's last run and the result."""
    count = iter(range(100))

    async def recorded(call):
        path = tmp_path / f"log{next(count)}"
        activate(path)
        try:
            result = await call()
        finally:
            deactivate()
        return steplog.read(path).run("@last"), str(result)

    CALLED.clear()
    yield recorded
    deactivate()


def agent(llm, tools=(TOOL,), prompt="Add."):
    return FunctionAgent(tools=list(tools), llm=llm, system_prompt=prompt, streaming=False)


async def test_a_recorded_agent_replays_to_the_same_result_and_trajectory(record):
    script = [("add", {"a": 1, "b": 2}), "It is 3."]

    async def live():
        return await agent(Scripted(script=script)).run("1+2?")

    run, result = await record(live)
    again, same = await record(lambda: run_again(ReplayLLM(run)))
    assert (result, same) == ("It is 3.", "It is 3.")
    assert [line for line in tree(again) if "llm" not in line] == [
        line for line in tree(run) if "llm" not in line
    ]


async def run_again(llm, tools=(TOOL,), prompt="Add."):
    return await agent(llm, tools, prompt).run("1+2?")


async def test_tools_may_answer_from_the_run_too(record):
    run, _ = await record(lambda: run_again(Scripted(script=[("add", {"a": 1, "b": 2}), "It is 3."])))
    CALLED.clear()
    _, result = await record(lambda: run_again(ReplayLLM(run), recorded_tools(run, [TOOL])))
    assert (CALLED, result) == ([], "It is 3.")


async def test_a_changed_prompt_fails_with_the_difference_in_words(record):
    run, _ = await record(lambda: run_again(Scripted(script=[("add", {"a": 1, "b": 2}), "It is 3."])))
    with pytest.raises(PromptChanged, match=r"message 1 \(system\) was 'Add\.', and is 'Multiply\.'"):
        ReplayLLM(run).chat([ChatMessage("Multiply.", role="system"), ChatMessage("1+2?")])


async def test_an_answer_is_streamed_in_pieces(record):
    async def live():
        return Scripted(script=["one two three"]).chat([ChatMessage("count")])

    run, _ = await record(live)
    pieces = [chunk.delta for chunk in ReplayLLM(run).stream_chat([ChatMessage("count")])]
    assert pieces == ["one", " two", " three", ""]
    awaited = [chunk.delta async for chunk in await ReplayLLM(run).astream_chat([ChatMessage("count")])]
    assert "".join(awaited) == "one two three"


async def test_a_query_engine_replays(record):
    index = VectorStoreIndex.from_documents([Document(text="tea")], embed_model=MockEmbedding(8))

    async def ask(llm):
        return index.as_query_engine(llm=llm).query("What?")

    run, result = await record(lambda: ask(Scripted(script=["tea"])))
    _, same = await record(lambda: ask(ReplayLLM(run)))
    assert result == same == "tea"


async def test_a_streaming_agent_replays_with_its_recorded_tools(record):
    def streaming(llm, tools):
        return FunctionAgent(tools=list(tools), llm=llm, system_prompt="Add.", streaming=True)

    script = [("add", {"a": 1, "b": 2}), "It is 3."]

    async def live():
        return await streaming(Scripted(script=script), [TOOL]).run("1+2?")

    run, _ = await record(live)
    CALLED.clear()
    model = ReplayLLM(run, tools="recorded")

    async def again():
        return await streaming(model, model.replayed([TOOL])).run("1+2?")

    same, result = await record(again)
    assert (CALLED, result, model.left) == ([], "It is 3.", 0)
    expect(same).same_as(run)


async def test_an_agent_whose_prompt_changed_fails_with_words(record):
    run, _ = await record(lambda: run_again(Scripted(script=[("add", {"a": 1, "b": 2}), "It is 3."])))
    with pytest.raises(Exception, match=r"message 1 \(system\) was 'Add\.', and is 'Multiply\.'") as failed:
        await run_again(ReplayLLM(run), prompt="Multiply.")
    chain = [failed.value, failed.value.__cause__, failed.value.__context__]
    assert any(isinstance(error, PromptChanged) for error in chain)


class Drink(BaseModel):
    """What to drink."""

    name: str


async def test_an_object_replays(record):
    prompt = PromptTemplate("What to drink with {food}?")
    asked = {"food": "cake"}

    async def ask(llm):
        return llm.structured_predict(Drink, prompt, **asked).name

    run, result = await record(lambda: ask(Scripted(script=[("Drink", {"name": "tea"})])))
    _, same = await record(lambda: ask(ReplayLLM(run)))
    assert (result, same) == ("tea", "tea")


async def test_a_model_call_that_failed_fails_again(record):
    async def live():
        with pytest.raises(TimeoutError):
            Scripted(script=[TimeoutError("too slow")]).chat([ChatMessage("count")])

    run, _ = await record(live)
    with pytest.raises(TimeoutError, match="too slow"):
        ReplayLLM(run).chat([ChatMessage("count")])


async def test_what_was_cut_is_said_before_the_run(record):
    async def live():
        return Scripted(script=["x " * 200_000]).chat([ChatMessage("count")])

    run, _ = await record(live)
    with pytest.raises(CannotReplay, match="the answer of model call 1 was cut or left out"):
        ReplayLLM(run)
