"""Queries, retrievers, rerankers, embeddings and tools outside of agents."""

import json

import pytest
from li_models import Scripted, add, boom, tree
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.postprocessor import LLMRerank, SimilarityPostprocessor
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import PromptTemplate
from llama_index.core.schema import QueryBundle, TextNode
from llama_index.core.tools import FunctionTool, QueryEngineTool
from llama_index_instrumentation.dispatcher import instrument_tags
from pydantic import BaseModel


class Marked(BaseEmbedding):
    """Vectors that would be found again if one were written."""

    def _get_text_embedding(self, text):
        return [0.987654321] * 8

    _get_query_embedding = _get_text_embedding

    async def _aget_query_embedding(self, query):
        return self._get_text_embedding(query)


@pytest.fixture
def index():
    documents = [Document(text=f"text {i}", id_=f"d{i}", metadata={"file": f"{i}.txt"}) for i in range(3)]
    return VectorStoreIndex.from_documents(documents, embed_model=Marked())


def run_called(recorded, name):
    return next(run for run in recorded.runs if run.name == name)


def test_a_query_is_retrieval_with_scores_synthesis_and_a_model_call_with_its_prompt(recorded, index):
    response = index.as_query_engine(llm=Scripted(script=["42"])).query("What?")
    assert str(response) == "42"
    run = run_called(recorded, "RetrieverQueryEngine.query")
    assert tree(run) == [
        "retriever VectorIndexRetriever",
        "  embedding Marked",
        "node CompactAndRefine.synthesize",
        "  llm scripted-1",
    ]
    retriever, embedding, _, llm = run.steps
    found = [(n.node.node_id, n.score, n.text) for n in response.source_nodes]
    assert [(d["id"], d["score"], d["content"]) for d in retriever.field("documents")] == found
    assert retriever.fields["query"] == "What?"
    assert (embedding.fields["count"], embedding.fields["dimensions"]) == (1, 8)
    assert "What?" in llm.prompt[-1]["content"]
    assert run.output["response"] == "42"


async def test_embeddings_are_counted_and_never_written(recorded, index):
    await index.as_query_engine(llm=Scripted(script=["42"])).aquery(QueryBundle("What?"))
    index.as_retriever().retrieve("again")
    assert run_called(recorded, "Marked").steps[0].fields["count"] == 3
    text = "".join(f.read_text() for f in recorded.path.glob("*.jsonl"))
    assert "0.98765" not in text


def test_a_reranker_tells_the_scores_it_gave(recorded, index):
    chosen = Scripted(script=["Doc: 2, Relevance: 9\nDoc: 1, Relevance: 3"])
    nodes = index.as_retriever(similarity_top_k=3).retrieve("What?")
    ranked = LLMRerank(llm=chosen, top_n=1).postprocess_nodes(nodes, query_str="What?")
    SimilarityPostprocessor(similarity_cutoff=0.0).postprocess_nodes(nodes)
    run = run_called(recorded, "LLMRerank")
    rerank = run.steps[0]
    assert (rerank.kind, rerank.fields["query"], rerank.fields["count"]) == ("rerank", "What?", 3)
    assert rerank.field("documents") == [{"id": ranked[0].node.node_id, "score": 9.0}]
    assert run.steps[1].kind == "llm"


async def test_a_query_engine_as_a_tool_is_a_node_below_the_tool(recorded, index):
    from llama_index.core.agent.workflow import FunctionAgent

    engine = index.as_query_engine(llm=Scripted(script=["42"]))
    tool = QueryEngineTool.from_defaults(engine, name="docs", description="Documents.")
    model = Scripted(script=[("docs", {"input": "What?"}), "done"])
    assert str(await FunctionAgent(llm=model, tools=[tool]).run("hi")) == "done"
    run = run_called(recorded, "FunctionAgent")
    assert tree(run)[2:7] == [
        "tool docs",
        "  node RetrieverQueryEngine.aquery",
        "    retriever VectorIndexRetriever",
        "      embedding Marked",
        "    node CompactAndRefine.asynthesize",
    ]


def test_a_tool_called_by_hand_is_a_run_with_one_step(recorded):
    tool = FunctionTool.from_defaults(add)
    assert tool.call(a=1, b=2).raw_output == 3
    assert tool(a=3, b=4).raw_output == 7
    runs = recorded.runs
    assert [tree(run) for run in runs] == [["tool add"], ["tool add"]]
    assert (runs[0].steps[0].fields["args"], runs[0].steps[0].fields["result"]) == ({"a": 1, "b": 2}, "3")


def test_a_tool_called_by_hand_that_raises_is_a_failed_run(recorded):
    with pytest.raises(ValueError, match="cannot take 1"):
        FunctionTool.from_defaults(boom).call(a=1)
    run = recorded.run
    assert (run.status, run.steps[0].status, run.totals["errors"]) == ("error", "error", 1)


def test_a_programs_own_tags_describe_its_runs(recorded):
    with instrument_tags({"session_id": "s1", "customer": "c7"}):
        FunctionTool.from_defaults(add).call(a=1, b=2)
    run = recorded.run
    assert (run.thread, dict(run.metadata)) == ("s1", {"customer": "c7"})


def test_splitters_and_templates_are_no_runs(recorded):
    VectorStoreIndex.from_documents([Document(text="one. two.")], embed_model=MockEmbedding(embed_dim=2))
    assert [run.steps[0].kind for run in recorded.runs] == ["embedding"]


def test_every_step_is_a_line_with_detail_all(tmp_path, index):
    from llama_index.observability.steplog import StepLogHandler
    from steplog import MemorySink

    sink = MemorySink()
    handler = StepLogHandler(sink=sink, detail="all").attach()
    index.as_query_engine(llm=Scripted(script=["42"])).query("What?")
    handler.close()
    names = [r["name"] for r in sink.records if r["ev"] == "chain.start"]
    assert "RetrieverQueryEngine._query" in names
    assert "CompactAndRefine.get_response" in names
    assert json.dumps(sink.records).count("0.98765") == 0


def test_with_content_none_nothing_that_was_said_is_written(tmp_path, index):
    from llama_index.observability.steplog import StepLogHandler
    from steplog import MemorySink

    sink = MemorySink()
    handler = StepLogHandler(sink=sink, content="none", detail="calls").attach()
    index.as_query_engine(llm=Scripted(script=["the answer"])).query("the question")
    handler.close()
    text = json.dumps(sink.records)
    assert "the answer" not in text
    assert "the question" not in text
    assert "text 1" not in text
    (found,) = [r["documents"] for r in sink.records if r["ev"] == "retriever.end"]
    assert all(set(d) == {"id", "score"} for d in found)


def test_an_index_over_nodes_that_have_vectors_embeds_nothing_and_is_no_run(recorded):
    index = VectorStoreIndex([TextNode(text="x", embedding=[1.0] * 8)], embed_model=Marked())
    index.as_retriever().retrieve("x")
    assert [run.name for run in recorded.runs] == ["VectorIndexRetriever"]


class Kept(BaseNodePostprocessor):
    """Keeps the first node, in an async way of its own."""

    def _postprocess_nodes(self, nodes, query_bundle=None):
        return nodes[:1]

    async def _apostprocess_nodes(self, nodes, query_bundle=None):
        return nodes[:1]


class Threaded(BaseNodePostprocessor):
    """Has no async way of its own: LlamaIndex calls the other one in a thread."""

    def _postprocess_nodes(self, nodes, query_bundle=None):
        return nodes[:1]


@pytest.mark.parametrize("processor", [Kept, Threaded])
async def test_a_postprocessor_that_is_awaited_has_one_step(recorded, index, processor):
    engine = index.as_query_engine(llm=Scripted(script=["42"]), node_postprocessors=[processor()])
    await engine.aquery("What?")
    steps = run_called(recorded, "RetrieverQueryEngine.aquery").steps
    assert [(s.name, s.fields["count"], len(s.fields["documents"])) for s in steps if s.kind == "rerank"] == [
        (processor.__name__, 2, 1)
    ]


def test_llama_indexs_own_method_is_put_back(recorded):
    Marked().get_text_embedding("x")
    recorded.close()
    assert BaseNodePostprocessor.apostprocess_nodes.__module__ == "llama_index.core.postprocessor.types"
    assert not hasattr(BaseNodePostprocessor.apostprocess_nodes, "__wrapped__")


class City(BaseModel):
    name: str


def test_a_structured_prediction_is_itself_with_what_it_was_given_and_made(recorded):
    llm = Scripted(script=['{"name": "Rome"}'], pydantic_program_mode="llm")
    assert llm.structured_predict(City, PromptTemplate("a city like {like}"), like="Paris").name == "Rome"
    run = recorded.run
    assert (run.name, tree(run)) == ("structured_predict", ["llm scripted-1"])
    assert run.input["like"] == "Paris"
    assert run.output == {"name": "Rome"}
