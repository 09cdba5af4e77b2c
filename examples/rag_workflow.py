"""A question to five documents, in a workflow: retrieve, then answer. No key, no network, nothing of steplog in it.

The embedding counts words and the model quotes the sentence that fits best, so that every run is the same and the answer
is right; index, retriever, synthesizer and workflow are LlamaIndex's own.
"""

from __future__ import annotations

import asyncio
import re
import sys
import zlib
from pathlib import Path
from typing import Any

from llama_index.core import SimpleDirectoryReader, VectorStoreIndex, get_response_synthesizer
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from llama_index.core.schema import NodeWithScore
from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent

DOCUMENTS = Path(__file__).parent / "rag_documents"
DIMENSIONS = 256


def words_of(text: str) -> list[str]:
    """The words of a text that tell something: longer than three letters, without a plural's s."""
    return [word.rstrip("s") for word in re.findall(r"[a-z]{4,}", text.lower())]


class WordCounts(BaseEmbedding):
    """Texts that share words are near to each other."""

    model_name: str = "word-counts-256"

    def _get_text_embedding(self, text: str) -> list[float]:
        counts = [0.0] * DIMENSIONS
        for word in words_of(text):
            counts[zlib.crc32(word.encode()) % DIMENSIONS] += 1.0
        length = sum(n * n for n in counts) ** 0.5 or 1.0
        return [n / length for n in counts]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class QuotingModel(CustomLLM):
    """Answers with the sentence of its context that shares the most words with the question."""

    model: str = "quoting-1"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex asks a model about itself."""
        return LLMMetadata(model_name=self.model)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:  # noqa: ARG002, FBT001, FBT002 - the signature is LlamaIndex's
        """Quote."""
        context, _, rest = prompt.partition("Query: ")
        context = context.partition("---------------------")[2]
        wanted = set(words_of(rest))
        sentences = re.split(r"(?<=\.)\s+", " ".join(context.split()))
        return CompletionResponse(
            text=max(sentences, key=lambda sentence: len(wanted & set(words_of(sentence))))
        )

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: FBT001, FBT002 - as above
        """Quote in one piece."""
        answer = self.complete(prompt, formatted, **kwargs)
        yield CompletionResponse(text=answer.text, delta=answer.text)


class Found(Event):
    """What the retriever has found for the question."""

    question: str
    nodes: list[NodeWithScore]


class Ask(Workflow):
    """Retrieve, then answer."""

    def __init__(self, index: VectorStoreIndex, model: CustomLLM) -> None:
        """Ask `index`, and answer with `model`."""
        super().__init__(timeout=60)
        self.retriever = index.as_retriever(similarity_top_k=2)
        self.synthesizer = get_response_synthesizer(llm=model)

    @step
    async def retrieve(self, ev: StartEvent) -> Found:
        """Find the passages that are nearest to the question."""
        return Found(question=ev.question, nodes=await self.retriever.aretrieve(ev.question))

    @step
    async def answer(self, ev: Found) -> StopEvent:
        """Let the model answer from them."""
        return StopEvent(result=await self.synthesizer.asynthesize(ev.question, ev.nodes))


async def main() -> None:
    """Ask one question and print the answer."""
    documents = SimpleDirectoryReader(str(DOCUMENTS)).load_data()
    index = VectorStoreIndex.from_documents(documents, embed_model=WordCounts())
    question = (
        " ".join(sys.argv[1:]) or "When are the tides largest: at new moon or a quarter of a month later?"
    )
    print(await Ask(index, QuotingModel()).run(question=question))


if __name__ == "__main__":
    asyncio.run(main())
