"""The adapter contract: a broken extractor costs fields, nothing is left behind, the program runs as without us."""

import asyncio
import gc
import inspect
import threading

import pytest
from li_models import Bare, Scripted, add, boom
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.instrumentation import events as core_events
from llama_index.core.llms import ChatMessage
from llama_index_instrumentation import root_dispatcher
from llama_index_instrumentation.span_handlers import BaseSpanHandler
from workflows import Workflow, step
from workflows.events import StartEvent, StopEvent

from llama_index.observability import steplog as ours
from llama_index.observability.steplog import (
    StepLogHandler,
    _extract,
    _kinds,
    _llm,
    _values,
    _waiting,
)
from steplog import MemorySink
from steplog.testing import assert_nothing_left, broken, extractors


class Upper(Workflow):
    @step
    async def shout(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.text.upper())


def index():
    return VectorStoreIndex.from_documents(
        [Document(text="text", id_="d")], embed_model=MockEmbedding(embed_dim=4)
    )


async def everything(found, n=0):
    """One of each thing a program does; gives what it got."""
    agent = FunctionAgent(
        llm=Scripted(script=[("add", {"a": 1, "b": n}), ("boom", {"a": 1}), "done"]), tools=[add, boom]
    )
    engine = found.as_query_engine(llm=Scripted(script=["one two"]), streaming=True)
    got = [
        str(await agent.run("hi")),
        await Upper().run(text="tea"),
        list(engine.query("What?").response_gen),
    ]
    got.append([c.delta async for c in await Scripted(script=["a b"]).astream_chat([ChatMessage("hi")])])
    got.append(Bare(script=["x"]).chat([ChatMessage("hi")]).message.content)
    stream = Scripted(script=["never read"]).stream_chat([ChatMessage("hi")])
    got.append(next(stream).delta)
    stream.close()
    for failing in (Scripted(script=[ValueError("down")]), Bare(script=[ValueError("down")])):
        with pytest.raises(ValueError, match="down") as caught:
            await failing.achat([ChatMessage("hi")])
        got.append(repr(caught.value))
    return got


async def test_results_streams_and_exceptions_are_the_same_with_and_without_steplog():
    found = index()
    plain = await everything(found)
    handler = StepLogHandler(sink=MemorySink()).attach()
    recorded = await everything(found)
    handler.close()
    assert plain == recorded


_MODULES = {
    _extract: None,
    _kinds: {"span_of"},
    _llm: None,
    _values: {"register", "held_output"},
    _waiting: None,
}
_BREAKABLE = [(m, n) for m, only in _MODULES.items() for n in sorted(only or extractors(m))]


@pytest.mark.parametrize(
    ("module", "name"), _BREAKABLE, ids=[f"{m.__name__.rpartition('.')[2]}.{n}" for m, n in _BREAKABLE]
)
async def test_an_extractor_that_fails_costs_fields_and_no_line(module, name):
    found = index()
    whole, less = MemorySink(), MemorySink()
    handler = StepLogHandler(sink=whole).attach()
    expected = await everything(found)
    handler.close()
    handler = StepLogHandler(sink=less).attach()
    with broken(module, name) as called:
        got = await everything(found)
    handler.close()
    assert got == expected
    names = [r["ev"] for r in less.records if not r["ev"].startswith("log.")]
    if called and (module, name) != (_kinds, "span_of"):
        assert any(r["ev"] == "log.error" for r in less.records)
        assert names.count("run.start") == names.count("run.end")
        assert names.count("llm.end") == [r["ev"] for r in whole.records].count("llm.end")


async def test_a_thousand_mixed_runs_leave_no_state():
    sink = MemorySink()
    handler = StepLogHandler(sink=sink).attach()
    found = index()
    for n in range(130):
        await everything(found, n)
    gc.collect()
    sizes = handler.sizes()
    assert (sizes["streams"], sizes["calls"]) == (0, 0)
    assert_nothing_left(handler._steps)
    assert not handler.span_handler.open_spans
    assert not handler.span_handler.completed_spans
    runs = [r["run"] for r in sink.records if r["ev"] == "run.start"]
    assert len(runs) >= 1000
    assert sorted(runs) == sorted(r["run"] for r in sink.records if r["ev"] == "run.end")
    assert not [r for r in sink.records if r["ev"] == "log.error"]
    handler.close()


async def test_order_holds_in_threads_and_tasks():
    sink = MemorySink()
    handler = StepLogHandler(sink=sink).attach()
    found = index()
    await asyncio.gather(*(everything(found, n) for n in range(8)))
    threads = [threading.Thread(target=lambda: asyncio.run(everything(found))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.close()
    assert [r["seq"] for r in sink.records] == list(range(1, len(sink.records) + 1))
    assert not [r for r in sink.records if r["ev"] == "log.error"]
    open_steps = set()
    for record in sink.records:
        key = (record.get("run"), record.get("step"))
        if record["ev"].endswith(".start"):
            assert "parent" not in record or (record["run"], record["parent"]) in open_steps
            open_steps.add(key)


def test_activating_twice_is_once_and_deactivating_leaves_no_trace(tmp_path):
    before = (list(root_dispatcher.event_handlers), list(root_dispatcher.span_handlers))
    assert ours.activate(tmp_path) is ours.activate(tmp_path)
    assert len(root_dispatcher.event_handlers) == len(before[0]) + 1
    ours.deactivate()
    ours.deactivate()
    assert (root_dispatcher.event_handlers, root_dispatcher.span_handlers) == before


def test_a_bad_setting_is_said_at_once():
    from steplog import SettingsError

    with pytest.raises(SettingsError):
        StepLogHandler(detail="everything")


# Hooks of llama-index-instrumentation 0.6.0 and events of llama-index-core 0.14.25. A new one makes this test red:
# decide whether it tells something that no span tells, then add it here or to `event_hooks`.
KNOWN_HOOKS = {
    "span_enter", "span_exit", "span_drop", "new_span", "prepare_to_exit_span", "prepare_to_drop_span", "close",
    "capture_propagation_context", "restore_propagation_context", "class_name",
}  # fmt: skip
TOLD_BY_SPANS = {
    "AgentChatWithStepEndEvent", "AgentChatWithStepStartEvent", "AgentRunStepEndEvent", "AgentRunStepStartEvent",
    "AgentToolCallEvent", "StreamChatDeltaReceivedEvent", "StreamChatEndEvent", "StreamChatErrorEvent",
    "StreamChatStartEvent", "EmbeddingEndEvent", "EmbeddingStartEvent", "SparseEmbeddingEndEvent",
    "SparseEmbeddingStartEvent", "LLMPredictEndEvent", "LLMPredictStartEvent", "LLMStructuredPredictEndEvent",
    "LLMStructuredPredictInProgressEvent", "LLMStructuredPredictStartEvent", "QueryEndEvent", "QueryStartEvent",
    "ReRankEndEvent", "ReRankStartEvent", "RetrievalEndEvent", "RetrievalStartEvent", "GetResponseEndEvent",
    "GetResponseStartEvent", "GetMessageResponseEndEvent", "GetMessageResponseStartEvent", "SynthesizeEndEvent",
    "SynthesizeStartEvent", "SpanDropEvent", "WorkflowStepOutputEvent", "WorkflowRunOutputEvent",
}  # fmt: skip


def test_every_hook_and_event_of_the_installed_llama_index_is_known():
    import importlib
    import pkgutil

    from llama_index_instrumentation.base import BaseEvent
    from workflows.runtime.types import step_function

    own = {
        n
        for n, v in vars(BaseSpanHandler).items()
        if inspect.isroutine(v) and not n.startswith(("_", "model_"))
    }
    assert own <= KNOWN_HOOKS
    for module in pkgutil.iter_modules(core_events.__path__):
        importlib.import_module(f"{core_events.__name__}.{module.name}")
    classes = BaseEvent.__subclasses__()
    names = {c.__name__ for c in classes if c.__module__.startswith(("llama_index", "workflows"))}
    handler = StepLogHandler(sink=MemorySink())
    assert names - TOLD_BY_SPANS <= set(handler.event_hooks())
    assert set(handler.event_hooks()) <= names
    assert step_function.SpanCancelledEvent.__name__ in names
    handler.close()
