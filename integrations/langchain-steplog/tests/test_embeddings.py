"""`record_embeddings` records what LangChain has no callback for, and is the embeddings to whoever is given it."""

import asyncio
import copy
import pickle

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore
from lc_agents import story

import langchain_steplog
from langchain_steplog import record_embeddings


class Named(Embeddings):
    """As a provider's client: it has a model, and says of each call what it was."""

    def __init__(self, error=None):
        self.model = "embed-3-small"
        self.error = error
        self.calls = []

    def embed_documents(self, texts, chunk_size=None):
        self.calls.append(("documents", chunk_size))
        if self.error:
            raise self.error
        return [[0.625, 1.0, 2.0] for _ in texts]

    def embed_query(self, text):
        self.calls.append(("query", None))
        return [0.625, 1.0, 2.0]

    async def aembed_query(self, text):
        self.calls.append(("aquery", None))
        await asyncio.sleep(0)
        return [0.625, 1.0, 2.0]

    def other(self):
        return "as ever"


def lines(sink, ev):
    return [line for line in sink.records if line["ev"] == ev]


def test_a_call_is_a_step_in_the_run_it_is_made_in(recorded):
    handler, sink = recorded()
    embeddings = record_embeddings(Named())
    found = []
    RunnableLambda(lambda texts: found.extend(embeddings.embed_documents(texts, chunk_size=7))).invoke(
        ["a", "b"], {"callbacks": [handler]}
    )
    assert found == [[0.625, 1.0, 2.0]] * 2
    (start,), (end,) = lines(sink, "embedding.start"), lines(sink, "embedding.end")
    assert (start["model"], start["count"], end["dimensions"]) == ("embed-3-small", 2, 3)
    assert embeddings.calls == [("documents", 7)]
    assert len(lines(sink, "run.start")) == 1
    assert b"0.625" not in b"".join(sink.lines)


def test_outside_of_a_run_it_is_a_run_of_its_own_in_the_log_of_the_active_handler(activated):
    import steplog

    _, path = activated
    embeddings = record_embeddings(Named())
    embeddings.embed_query("q")
    asyncio.run(embeddings.aembed_query("q"))
    langchain_steplog.deactivate()
    runs = steplog.read(path).runs
    assert [[(step.kind, step.name, step.fields["count"]) for step in run.steps] for run in runs] == [
        [("embedding", "embed-3-small", 1)]
    ] * 2
    assert embeddings.calls == [("query", None), ("aquery", None)]


def test_with_no_handler_it_does_what_it_did():
    assert record_embeddings(Named()).embed_query("q") == [0.625, 1.0, 2.0]


def test_an_error_is_the_steps_and_goes_on_to_the_program(recorded):
    handler, sink = recorded()
    embeddings = record_embeddings(Named(ValueError("no quota")), handler)
    with pytest.raises(ValueError, match="no quota"):
        embeddings.embed_documents(["a"])
    (end,) = lines(sink, "embedding.end")
    assert (end["status"], end["error"]["message"]) == ("error", "no quota")


def test_a_call_with_no_texts_is_not_told(recorded):
    handler, sink = recorded()
    assert record_embeddings(Named(), handler).embed_documents([]) == []
    assert lines(sink, "embedding.start") == []


def test_it_keeps_the_interface_of_what_it_wraps(recorded):
    handler, _ = recorded()
    inner = Named()
    embeddings = record_embeddings(inner, handler)
    assert isinstance(embeddings, Embeddings)
    assert (embeddings.model, embeddings.other()) == ("embed-3-small", "as ever")
    assert record_embeddings(embeddings) is embeddings
    with pytest.raises(AttributeError):
        embeddings.nothing  # noqa: B018 - to ask is the matter
    again = copy.deepcopy(record_embeddings(Named()))
    assert pickle.loads(pickle.dumps(again)).embed_query("q") == [0.625, 1.0, 2.0]


def test_a_vector_store_takes_it_and_its_retriever_shows_what_it_embedded(recorded):
    handler, sink = recorded()
    embeddings = record_embeddings(DeterministicFakeEmbedding(size=16))
    store = InMemoryVectorStore(embeddings)
    store.add_texts(["tides", "winds"])
    retriever = store.as_retriever(search_kwargs={"k": 1})
    RunnableLambda(retriever.invoke).invoke("tides", {"callbacks": [handler]})
    assert [line for line in story(sink.records) if "embedding" in line] == [
        "2 embedding.start DeterministicFakeEmbedding",
        "2 embedding.end",
    ]
    assert lines(sink, "embedding.end")[0]["dimensions"] == 16


def test_a_failure_of_ours_costs_the_program_nothing(recorded, monkeypatch):
    from langchain_steplog import _embeddings

    handler, sink = recorded()
    monkeypatch.setattr(_embeddings, "live_dict", lambda _: 1 / 0)
    assert record_embeddings(Named(), handler).embed_query("q") == [0.625, 1.0, 2.0]
    assert lines(sink, "log.error") != []
