"""What is streamed is never consumed, and told when it has ended, whenever that is."""

import gc

import pytest
from li_models import Bare, Scripted, tree
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.llms import ChatMessage, MockLLM

QUESTION = [ChatMessage("hi")]


@pytest.fixture
def index():
    documents = [Document(text=f"text {i}", id_=f"d{i}", metadata={"file": f"{i}.txt"}) for i in range(3)]
    return VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(embed_dim=8))


def asked(recorded):
    return next(run for run in recorded.runs if any(s.kind == "llm" for s in run.steps))


def test_a_stream_is_a_step_until_it_is_read_to_its_end(recorded):
    stream = Scripted(script=["one two three"]).stream_chat(QUESTION)
    assert [c.delta for c in stream] == ["one", " two", " three"]
    run = recorded.run
    (llm,) = run.steps
    assert (run.status, llm.status, llm.message["content"]) == ("ok", "ok", "one two three")
    assert llm.fields["ttft_ms"] >= 0


async def test_an_async_stream_likewise(recorded):
    stream = await Scripted(script=["one two three"]).astream_chat(QUESTION)
    assert [c.delta async for c in stream] == ["one", " two", " three"]
    assert recorded.run.steps[0].message["content"] == "one two three"


def test_a_completion_stream_likewise(recorded):
    stream = Scripted(script=["one two"]).stream_complete("hi")
    assert [c.delta for c in stream] == ["one", " two"]
    assert recorded.run.steps[0].message["content"] == "one two"


def test_a_stream_broken_off_by_its_reader_is_abandoned_with_what_was_read(recorded):
    stream = Scripted(script=["one two three"]).stream_chat(QUESTION)
    next(stream)
    next(stream)
    stream.close()
    run = recorded.run
    assert (run.status, run.steps[0].status) == ("abandoned", "abandoned")
    assert run.steps[0].message["content"].startswith("one")


def test_a_stream_that_nobody_reads_is_abandoned_when_it_is_thrown_away(recorded):
    stream = Scripted(script=["one two three"]).stream_chat(QUESTION)
    del stream
    gc.collect()
    assert recorded.run.status == "abandoned"


def test_a_stream_that_breaks_is_an_error_that_its_reader_sees(recorded):
    stream = Scripted(script=["one ! three"]).stream_chat(QUESTION)
    with pytest.raises(RuntimeError, match="the stream broke"):
        list(stream)
    run = recorded.run
    assert (run.status, run.steps[0].error["message"]) == ("error", "the stream broke")


def test_an_unannounced_stream_ends_when_it_is_let_go(recorded):
    assert [c.delta for c in Bare(script=["one two"]).stream_chat(QUESTION)] == ["one", " two"]
    assert (recorded.run.status, tree(recorded.run)) == ("ok", ["llm scripted-1"])


@pytest.mark.parametrize("method", ["achat", "acomplete", "astream_chat", "astream_complete"])
async def test_a_model_that_calls_itself_in_three_ways_is_one_call(recorded, method):
    argument = QUESTION if "chat" in method else "hi"
    answer = await getattr(MockLLM(max_tokens=3), method)(argument)
    if "stream" in method:
        assert [c.delta async for c in answer]
    assert tree(recorded.run) == ["llm MockLLM"]
    assert "usage" not in recorded.run.steps[0].fields


def test_a_streamed_query_stays_open_until_its_answer_is_read_and_holds_its_model_call(recorded, index):
    model = Scripted(script=["one two three"])
    response = index.as_query_engine(llm=model, streaming=True).query("What?")
    assert list(response.response_gen) == ["one", " two", " three"]
    run = asked(recorded)
    assert tree(run) == [
        "retriever VectorIndexRetriever",
        "  embedding MockEmbedding",
        "node CompactAndRefine.synthesize",
        "  llm scripted-1",
    ]
    assert (run.name, run.status, run.input) == ("RetrieverQueryEngine.query", "ok", "What?")
    assert run.output["response"]["content"] == "one two three"
    assert len(run.output["source_nodes"]) == 2
    assert run.totals["llm_calls"] == 1


async def test_an_async_streamed_query_likewise(recorded, index):
    model = Scripted(script=["one two three"])
    response = await index.as_query_engine(llm=model, streaming=True).aquery("What?")
    assert [t async for t in response.response_gen] == ["one", " two", " three"]
    run = asked(recorded)
    assert tree(run)[-1] == "  llm scripted-1"
    assert run.status == "ok"


def test_streamed_queries_read_in_turns_keep_their_model_calls_apart(recorded, index):
    engine = index.as_query_engine(llm=Scripted(script=["a b c", "x y z"]), streaming=True)
    first, second = engine.query("1"), engine.query("2")
    pairs = list(zip(first.response_gen, second.response_gen, strict=True))
    assert pairs == [("a", "x"), (" b", " y"), (" c", " z")]
    told = {run.input: run.output["response"]["content"] for run in recorded.runs if run.input}
    assert told == {"1": "a b c", "2": "x y z"}


def test_a_streamed_query_that_nobody_reads_is_abandoned(recorded, index):
    response = index.as_query_engine(llm=Scripted(script=["never"]), streaming=True).query("What?")
    del response
    gc.collect()
    run = next(run for run in recorded.runs if run.input == "What?")
    assert run.status == "abandoned"


def test_a_chat_engines_stream_is_read_by_its_thread_and_the_turn_ends_with_it(recorded, index):
    engine = index.as_chat_engine(chat_mode="context", llm=Scripted(script=["one two three"]))
    reply = engine.stream_chat("hi")
    assert "".join(reply.response_gen) == "one two three"
    run = asked(recorded)
    assert (run.status, run.output["response"]) == ("ok", "one two three")
    assert tree(run)[-1].strip() == "llm scripted-1"


async def test_a_chat_engines_async_stream_likewise(recorded, index):
    engine = index.as_chat_engine(chat_mode="context", llm=Scripted(script=["one two three"]))
    reply = await engine.astream_chat("hi")
    assert "".join([t async for t in reply.async_response_gen()]) == "one two three"
    run = asked(recorded)
    assert (run.status, run.output["response"]) == ("ok", "one two three")
