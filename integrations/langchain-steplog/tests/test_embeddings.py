"""`record_embeddings` records what LangChain has no callback for, and is the embeddings to whoever is given it."""

import asyncio
import copy
import pickle

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
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


def test_an_embedding_call_is_a_step_in_the_run_it_is_made_in(recorded):
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


def test_an_embedding_call_outside_of_a_run_is_a_run_of_its_own_in_the_active_log(activated):
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


def test_recorded_embeddings_without_a_handler_do_what_they_did():
    assert record_embeddings(Named()).embed_query("q") == [0.625, 1.0, 2.0]


def test_an_embedding_error_is_the_steps_and_goes_on_to_the_program(recorded):
    handler, sink = recorded()
    embeddings = record_embeddings(Named(ValueError("no quota")), handler)
    with pytest.raises(ValueError, match="no quota"):
        embeddings.embed_documents(["a"])
    (end,) = lines(sink, "embedding.end")
    assert (end["status"], end["error"]["message"]) == ("error", "no quota")


def test_an_embedding_call_with_no_texts_is_not_told(recorded):
    handler, sink = recorded()
    assert record_embeddings(Named(), handler).embed_documents([]) == []
    assert lines(sink, "embedding.start") == []


def test_recorded_embeddings_keep_the_interface_of_what_they_wrap(recorded):
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


def test_what_a_retriever_embeds_is_a_step_in_its_run(recorded):
    handler, sink = recorded()
    embeddings = record_embeddings(Named())

    class Near(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return [Document("tides", metadata={"score": embeddings.embed_query(query)[0]})]

    RunnableLambda(Near().invoke).invoke("tides", {"callbacks": [handler]})
    assert [line for line in story(sink.records) if "retriever" in line or "embedding" in line] == [
        "1 retriever.start Near",
        "2 embedding.start",
        "2 embedding.end",
        "1 retriever.end",
    ]
    assert lines(sink, "retriever.end")[0]["documents"][0]["score"] == 0.625


def test_a_vector_store_takes_recorded_embeddings_as_its_own():
    embeddings = record_embeddings(Named())
    assert InMemoryVectorStore(embeddings).embeddings is embeddings


def test_a_failure_while_recording_an_embedding_costs_the_program_nothing(recorded, monkeypatch):
    from langchain_steplog import _embeddings

    handler, sink = recorded()
    monkeypatch.setattr(_embeddings, "live_dict", lambda _: 1 / 0)
    assert record_embeddings(Named(), handler).embed_query("q") == [0.625, 1.0, 2.0]
    assert lines(sink, "log.error") != []
