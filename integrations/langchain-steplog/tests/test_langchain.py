"""frameworks.md A2, A4 and A6, row by row: what LangChain does, told as what it is."""

import asyncio
import threading
import uuid

import pytest
from inline_snapshot import snapshot
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.prebuilt import ToolNode
from lc_agents import ScriptedModel, add, calls, create_agent, story


def chain():
    model = ScriptedModel(script=[AIMessage("one two three")])
    return ChatPromptTemplate.from_template("say {x}") | model | StrOutputParser()


@pytest.mark.parametrize("detail", ["steps", "all"])
@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "astream"])
async def test_a_sequence_in_every_mode(recorded, mode, detail):
    handler, sink = recorded(detail=detail)
    config = {"callbacks": [handler]}
    if mode == "invoke":
        chain().invoke({"x": "1"}, config)
    elif mode == "ainvoke":
        await chain().ainvoke({"x": "1"}, config)
    elif mode == "stream":
        list(chain().stream({"x": "1"}, config))
    else:
        assert [c async for c in chain().astream({"x": "1"}, config)]
    plumbing = [r for r in sink.records if r["ev"].startswith("chain.")]
    written = [s for s in story(sink.records) if "chain." not in s and "first_token" not in s]
    assert [s.split(" ", 1)[1] for s in written] == [
        "run.start RunnableSequence",
        "llm.start",
        "llm.end",
        "run.end",
    ]
    assert len(plumbing) == (0 if detail == "steps" else 4)
    root = [r for r in sink.records if r["ev"] in ("run.start", "run.end")]
    assert [r["input"] for r in root if "input" in r] == [{"x": "1"}]
    assert root[1]["output"] == "one two three"


def test_a_batch_is_as_many_runs(recorded):
    handler, sink = recorded()
    double = RunnableLambda(lambda x: 1 / 0 if x == 2 else x * 2)
    double.batch([1, 2, 3], {"callbacks": [handler]}, return_exceptions=True)
    ends = [r for r in sink.records if r["ev"] == "run.end"]
    assert sorted(e.get("status", "ok") for e in ends) == ["error", "ok", "ok"]
    assert len({r["run"] for r in sink.records if "run" in r}) == 3


def test_a_generator_tells_its_input_at_the_end(recorded):
    handler, sink = recorded()

    def upper(parts):
        for part in parts:
            yield part.upper()

    assert "".join(RunnableGenerator(upper).stream("abc", {"callbacks": [handler]})) == "ABC"
    start, end = [r for r in sink.records if r["ev"].startswith("run.")]
    assert ("input" in start, end["input"]) == (False, "abc")


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_event_streams_are_recorded_like_runs(recorded, version):
    handler, sink = recorded()
    events = [e async for e in chain().astream_events({"x": "1"}, {"callbacks": [handler]}, version=version)]
    assert events
    assert [s.split(" ", 1)[1] for s in story(sink.records)] == [
        "run.start RunnableSequence",
        "llm.start",
        "llm.end",
        "run.end",
    ]


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_protocol_v3_streams_have_their_first_token_and_answer(recorded, mode):
    handler, sink = recorded()
    model = ScriptedModel(script=[AIMessage("one two")])
    if mode == "sync":
        for _ in model.stream_events("hi", version="v3", config={"callbacks": [handler]}):
            pass
    else:
        stream = await model.astream_events("hi", version="v3", config={"callbacks": [handler]})
        async for _ in stream:
            pass
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    end = next(r for r in sink.records if r["ev"] == "llm.end")
    assert "status" not in end
    assert 0 < end["ttft_ms"] <= end["ms"]
    assert [b["text"] for b in end["message"]["content"]] == ["one two"]


def test_a_cancellation_after_the_whole_answer_is_no_failure(recorded):
    handler, sink = recorded()

    async def main():
        model = ScriptedModel(script=[AIMessage("one two")])
        stream = await model.astream_events("hi", version="v3", config={"callbacks": [handler]})
        async for event in stream:
            if event["event"] == "message-finish":
                break

    asyncio.run(main())
    handler.close()
    end = next(r for r in sink.records if r["ev"] == "llm.end")
    assert "error" not in end
    assert end.get("status") in (None, "abandoned")


def test_a_custom_event_is_a_point_in_the_step_that_sent_it(recorded):
    handler, sink = recorded(detail="all")

    def work(x):
        dispatch_custom_event("progress", {"done": 0.5})
        return x

    (RunnableLambda(work) | RunnableLambda(str)).invoke(1, {"callbacks": [handler]})
    point = next(r for r in sink.records if r["ev"] == "custom.point")
    assert (point["name"], point["data"], point["parent"]) == ("progress", {"done": 0.5}, 1)


class Finder(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        if query == "fail":
            raise ValueError("index is gone")
        return [Document("tea is a drink", metadata={"score": 0.9, "page": 3}, id="d1")]


def test_a_retriever_tells_query_and_documents(recorded):
    handler, sink = recorded()
    Finder().invoke("tea", {"callbacks": [handler]})
    with pytest.raises(ValueError, match="gone"):
        Finder().invoke("fail", {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start Finder",
            "1 retriever.start Finder",
            "1 retriever.end",
            "- run.end",
            "- run.start Finder",
            "1 retriever.start Finder",
            "1 retriever.end error",
            "- run.end error",
        ]
    )
    assert sink.records[2]["query"] == "tea"
    assert sink.records[3]["documents"] == [
        {"id": "d1", "score": 0.9, "content": "tea is a drink", "metadata": {"score": 0.9, "page": 3}}
    ]


@tool
def breaks() -> str:
    """Break."""
    raise ValueError("broken")


@tool
def refuses() -> str:
    """Refuse."""
    raise ToolException("not today")


refuses.handle_tool_error = True


def agent_with(tools, *script, **kwargs):
    return create_agent(ScriptedModel(script=[*script, AIMessage("done")]), tools, **kwargs)


def test_a_tool_that_raises_fails_the_run(recorded):
    handler, sink = recorded()
    with pytest.raises(ValueError, match="broken"):
        agent_with([breaks], calls("breaks", "c1")).invoke(
            {"messages": [("user", "x")]}, {"callbacks": [handler]}
        )
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start model",
            "2<1 llm.start",
            "2 llm.end",
            "1 node.end",
            "3 node.start tools",
            "4<3 tool.start breaks",
            "4 tool.end error",
            "3 node.end error",
            "- run.end error",
        ]
    )
    assert sink.records[-1]["totals"]["errors"] == 1


def test_a_tool_error_that_the_node_handles_is_an_error_of_the_tool_only(recorded):
    from langgraph.graph import MessagesState, StateGraph

    handler, sink = recorded()
    builder = StateGraph(MessagesState)
    builder.add_node("tools", ToolNode([breaks], handle_tool_errors=True))
    builder.add_edge("__start__", "tools")
    builder.compile().invoke({"messages": [calls("breaks", "c1")]}, {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start tools",
            "2<1 tool.start breaks",
            "2 tool.end error",
            "1 node.end",
            "- run.end",
        ]
    )


def test_a_tool_exception_told_to_the_model_is_an_error_of_the_tool_only(recorded):
    handler, sink = recorded()
    agent_with([refuses], calls("refuses", "c1")).invoke(
        {"messages": [("user", "x")]}, {"callbacks": [handler]}
    )
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start model",
            "2<1 llm.start",
            "2 llm.end",
            "1 node.end",
            "3 node.start tools",
            "4<3 tool.start refuses",
            "4 tool.end error",
            "3 node.end",
            "5 node.start model",
            "6<5 llm.start",
            "6 llm.end",
            "5 node.end",
            "- run.end",
        ]
    )
    end = next(r for r in sink.records if r["ev"] == "tool.end")
    assert end["message"]["content"] == "not today"
    assert sink.records[-1]["totals"]["errors"] == 1


def test_invalid_arguments_are_an_error_of_the_tool_step(recorded):
    handler, sink = recorded()
    agent_with([add], calls("add", "c1", a="x")).invoke(
        {"messages": [("user", "x")]}, {"callbacks": [handler]}
    )
    assert story(sink.records) == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start model",
            "2<1 llm.start",
            "2 llm.end",
            "1 node.end",
            "3 node.start tools",
            "4<3 tool.start add",
            "4 tool.end error",
            "3 node.end",
            "5 node.start model",
            "6<5 llm.start",
            "6 llm.end",
            "5 node.end",
            "- run.end",
        ]
    )
    assert (
        "validation errors for add"
        in next(r for r in sink.records if r["ev"] == "tool.end")["error"]["message"]
    )


def test_an_unknown_tool_has_no_step_and_its_error_is_the_nodes_output(recorded):
    handler, sink = recorded()
    agent_with([add], calls("nope", "c1")).invoke({"messages": [("user", "x")]}, {"callbacks": [handler]})
    assert [s for s in story(sink.records) if "tool." in s] == []
    message = next(r for r in sink.records if r["ev"] == "node.end" and r["step"] == 3)["output"]["messages"][
        0
    ]
    assert (message["role"], message["status"]) == ("tool", "error")


def test_a_tool_call_names_the_model_call_that_asked_for_it(recorded):
    handler, sink = recorded()
    agent_with([add], calls("add", "c1", a=1, b=2)).invoke(
        {"messages": [("user", "x")]}, {"callbacks": [handler]}
    )
    start = next(r for r in sink.records if r["ev"] == "tool.start")
    assert (start["call_id"], start["asked_by"]) == ("c1", 2)


async def test_cancelled_async_tools_and_models_get_an_implied_end(recorded):
    handler, sink = recorded()

    @tool
    async def waits() -> str:
        """Wait."""
        await asyncio.Event().wait()
        return ""

    agent = agent_with([waits], calls("waits", "c1"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(agent.ainvoke({"messages": [("user", "x")]}, {"callbacks": [handler]}), 0.3)
    # langchain-core 1.8 sends the end that earlier ones leave out.
    assert [line.removesuffix(" implied") for line in story(sink.records)] == snapshot(
        [
            "- run.start LangGraph",
            "1 node.start model",
            "2<1 llm.start",
            "2 llm.end",
            "1 node.end",
            "3 node.start tools",
            "4<3 tool.start waits",
            "4 tool.end cancelled",
            "3 node.end cancelled",
            "- run.end cancelled",
        ]
    )


async def test_a_cancelled_root_tool_ends_when_the_log_closes(recorded):
    handler, sink = recorded()

    @tool
    async def waits() -> str:
        """Wait."""
        await asyncio.Event().wait()
        return ""

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waits.ainvoke({}, {"callbacks": [handler]}), 0.05)
    handler.close()
    assert story(sink.records) in (
        [
            "- run.start waits",
            "1 tool.start waits",
            "1 tool.end abandoned implied",
            "- run.end abandoned implied",
        ],
        [
            "- run.start waits",
            "1 tool.start waits",
            "1 tool.end cancelled",
            "- run.end cancelled",
        ],  # 1.8 and later
    )


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_a_model_stream_that_is_closed_early_is_abandoned_with_what_it_said(recorded, mode):
    handler, sink = recorded()
    model = ScriptedModel(script=[AIMessage("one two three")])
    if mode == "sync":
        stream = model.stream("hi", {"callbacks": [handler]})
        next(stream)
        stream.close()
    else:
        astream = model.astream("hi", {"callbacks": [handler]})
        await anext(astream)
        await astream.aclose()
    end = next(r for r in sink.records if r["ev"] == "llm.end")
    assert end["status"] in ("abandoned", "cancelled")
    assert end["message"]["content"].startswith("one ")
    assert "errors" not in sink.records[-1]["totals"]


def test_a_sequence_stream_that_is_closed_early_keeps_the_late_real_end(recorded):
    handler, sink = recorded()
    stream = chain().stream({"x": "1"}, {"callbacks": [handler]})
    next(stream)
    stream.close()
    assert story(sink.records) == [
        "- run.start RunnableSequence",
        "1 llm.start",
        "1 llm.end abandoned implied",
        "- run.end abandoned",
        "1 llm.end",
    ]
    assert handler._steps.sizes()["memory"] == 0


def test_attempts_of_with_retry_are_numbered(recorded):
    handler, sink = recorded()
    model = ScriptedModel(script=[ValueError("once"), AIMessage("ok")])
    model.with_retry(retry_if_exception_type=(ValueError,), wait_exponential_jitter=False).invoke(
        "hi", {"callbacks": [handler]}
    )
    assert [r.get("attempt") for r in sink.records if r["ev"] == "llm.start"] == [None, 2]
    assert sink.records[-1]["totals"]["retries"] == 1


def test_attempts_of_retry_middleware_are_numbered(recorded):
    from langchain.agents.middleware import ModelRetryMiddleware, ToolRetryMiddleware

    tries = []

    @tool
    def flaky() -> str:
        """Work at the second try."""
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")
        return "fine"

    handler, sink = recorded()
    model = ScriptedModel(script=[ValueError("once"), calls("flaky", "c1"), AIMessage("done")])
    middleware = [
        ModelRetryMiddleware(max_retries=2, initial_delay=0, jitter=False),
        ToolRetryMiddleware(max_retries=2, initial_delay=0, jitter=False),
    ]
    create_agent(model, [flaky], middleware=middleware).invoke(
        {"messages": [("user", "x")]}, {"callbacks": [handler]}
    )
    starts = [(r["ev"], r.get("attempt")) for r in sink.records if r["ev"] in ("llm.start", "tool.start")]
    assert starts == [
        ("llm.start", None),
        ("llm.start", 2),
        ("tool.start", None),
        ("tool.start", 2),
        ("llm.start", None),
    ]


def test_fallbacks_called_with_a_config_stay_in_their_run(recorded):
    handler, sink = recorded()
    first = ScriptedModel(script=[ValueError("down")], model_name="first")
    second = ScriptedModel(script=[AIMessage("up")], model_name="second")
    first.with_fallbacks([second]).invoke("hi", {"callbacks": [handler]})
    assert story(sink.records) == snapshot(
        [
            "- run.start RunnableWithFallbacks",
            "1 llm.start",
            "1 llm.end error",
            "2 llm.start",
            "2 llm.end",
            "- run.end",
        ]
    )
    assert len({r["run"] for r in sink.records if "run" in r}) == 1


def test_a_model_that_carries_the_handler_is_written_once(recorded):
    handler, sink = recorded()
    model = ScriptedModel(script=[AIMessage("hi")], callbacks=[handler])
    (RunnableLambda(str) | model).invoke("x", {"callbacks": [handler]})
    assert story(sink.records) == ["- run.start RunnableSequence", "1 llm.start", "1 llm.end", "- run.end"]


def test_a_run_id_that_is_used_twice_names_two_runs(recorded):
    handler, sink = recorded()
    run_id = uuid.uuid4()
    for i in range(2):
        RunnableLambda(str).invoke(i, {"callbacks": [handler], "run_id": run_id})
    starts = [r for r in sink.records if r["ev"] == "run.start"]
    assert [s["id"] for s in starts] == [str(run_id)] * 2
    assert len({s["run"] for s in starts}) == 2


def test_a_foreign_parent_is_named_and_the_run_is_one_of_its_own(recorded):
    handler, sink = recorded()
    foreign = uuid.uuid4()
    run_id = uuid.uuid4()
    handler.on_chain_start({}, {"a": 1}, run_id=run_id, parent_run_id=foreign, name="inner")
    handler.on_chain_end({}, run_id=run_id, parent_run_id=foreign)
    start = next(r for r in sink.records if r["ev"] == "run.start")
    assert start["parent_run"] == foreign.hex[16:]


def test_a_plain_thread_in_a_step_begins_a_run_of_its_own(activated):
    from steplog import read

    def work(x):
        thread = threading.Thread(target=RunnableLambda(str, name="apart").invoke, args=(1,))
        thread.start()
        thread.join()
        return x

    RunnableLambda(work).invoke(1)
    runs = read(activated[1]).runs
    assert [(r.name, r.status) for r in runs] == [("work", "ok"), ("apart", "ok")]


async def test_a_start_that_another_handler_swallows_is_made_up_for(recorded):
    """langchain#39633: an inline handler beside us (LangSmith's is one) keeps async text models' starts from us."""
    from langchain_core.callbacks import BaseCallbackHandler

    class Inline(BaseCallbackHandler):
        run_inline = True

    handler, sink = recorded()
    await FakeListLLM(responses=["hello"]).ainvoke("hi", {"callbacks": [Inline(), handler]})
    ends = [r for r in sink.records if r["ev"] == "llm.end"]
    assert [e["message"]["content"] for e in ends] == ["hello"]
    assert story(sink.records)[0].startswith("- run.start")
    assert story(sink.records)[-1].startswith("- run.end")


def test_a_cached_answer_counts_no_tokens(recorded):
    handler, sink = recorded()
    model = ScriptedModel(script=[AIMessage("hi")], cache=InMemoryCache())
    for _ in range(2):
        model.invoke("the same", {"callbacks": [handler]})
    ends = [r for r in sink.records if r["ev"] == "llm.end"]
    assert [e.get("cached") for e in ends] == [None, True]
    assert handler.totals["output_tokens"] == 7


def test_classic_agents_tell_actions_and_finish(recorded):
    from langchain_classic.agents import AgentExecutor, create_tool_calling_agent

    handler, sink = recorded()
    prompt = ChatPromptTemplate.from_messages([("user", "{input}"), ("placeholder", "{agent_scratchpad}")])
    model = ScriptedModel(script=[calls("add", "c1", a=1, b=2), AIMessage("3")])
    executor = AgentExecutor(agent=create_tool_calling_agent(model, [add], prompt), tools=[add])
    assert executor.invoke({"input": "add"}, {"callbacks": [handler]})["output"] == "3"
    points = [(r["name"], r["data"]) for r in sink.records if r["ev"] == "custom.point"]
    assert [name for name, _ in points] == ["agent_action", "agent_finish"]
    assert (points[0][1]["tool"], points[0][1]["tool_input"]) == ("add", {"a": 1, "b": 2})
    assert points[1][1]["return_values"] == {"output": "3"}


def test_retries_of_a_models_client_are_points(recorded):
    from langchain_core.language_models.llms import create_base_retry_decorator
    from langchain_core.outputs import Generation, LLMResult

    class Flaky(FakeListLLM):
        tries: list[int] = []  # noqa: RUF012 - pydantic copies defaults

        def _generate(self, prompts, stop=None, run_manager=None, **kwargs):
            @create_base_retry_decorator(error_types=[ValueError], max_retries=2, run_manager=run_manager)
            def ask():
                self.tries.append(1)
                if len(self.tries) == 1:
                    raise ValueError("overloaded")
                return LLMResult(generations=[[Generation(text="ok")]])

            ask.retry.sleep = lambda _: None
            return ask()

    handler, sink = recorded()
    Flaky(responses=["ok"]).invoke("hi", {"callbacks": [handler]})
    point = next(r for r in sink.records if r["ev"] == "retry.point")
    assert (point["attempt"], point["error"]["type"], point["parent"]) == (1, "ValueError", 1)
    assert sink.records[-1]["totals"]["retries"] == 1
