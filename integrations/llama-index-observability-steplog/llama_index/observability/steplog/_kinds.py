"""What a span of LlamaIndex is: found from its id, its instance's class and its parent's id, without running code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from llama_index.observability.steplog._events import event_in, is_tool_call

_UUID: Final = 37  # characters of "-" and a UUID at the end of a span's id

# Base classes of LlamaIndex and what their instances do; the first along the MRO counts.
_ROLES: Final = {
    "StructuredLLM": "wrapper",
    "BaseLLM": "llm",
    "BaseEmbedding": "embedding",
    "BaseSparseEmbedding": "embedding",
    "BaseRetriever": "retriever",
    "BaseNodePostprocessor": "rerank",
    "BaseQueryEngine": "query",
    "BaseChatEngine": "chat",
    "BaseSynthesizer": "synthesizer",
    "BaseToolAsyncAdapter": "adapter",
    "BaseTool": "tool",
    "Workflow": "workflow",
    "StreamingAgentChatResponse": "reply",
    "TransformComponent": "plumbing",
    "BaseOutputParser": "plumbing",
}
_EMBED: Final = (
    "get_query_embedding", "get_text_embedding", "get_text_embedding_batch", "get_image_embedding",
    "get_image_embedding_batch",
)  # fmt: skip
# The methods of each role that are a step, and the step's kind; a postprocessor's public one is no span.
_STEPS: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "llm": ("llm", frozenset({
        "chat", "achat", "stream_chat", "astream_chat", "complete", "acomplete", "stream_complete", "astream_complete",
    })),
    "embedding": ("embedding", frozenset({*_EMBED, *(f"a{name}" for name in _EMBED)})),
    "retriever": ("retriever", frozenset({"retrieve", "aretrieve"})),
    "rerank": ("rerank", frozenset({"_postprocess_nodes", "_apostprocess_nodes", "apostprocess_nodes"})),
    "query": ("node", frozenset({"query", "aquery"})),
    "chat": ("node", frozenset({"chat", "achat", "stream_chat", "astream_chat"})),
    "synthesizer": ("node", frozenset({"synthesize", "asynthesize"})),
    "tool": ("tool", frozenset({"call", "acall", "__call__"})),
    "workflow": ("agent", frozenset({"run"})),
}  # fmt: skip
# Methods of a model that ask it for an object: a step of their own around the call, in which the schema and the object stand.
_STRUCTURED: Final = frozenset({
    "structured_predict", "astructured_predict", "stream_structured_predict", "astream_structured_predict",
})  # fmt: skip
# Steps that every agent of LlamaIndex takes around its model and its tools: they tell nothing of their own.
_AGENT_PLUMBING: Final = frozenset(
    {"init_run", "setup_agent", "parse_agent_output", "aggregate_tool_results"}
)
_AGENTS: Final = frozenset({"BaseWorkflowAgent", "AgentWorkflow"})

# Steps of which one may be a part of another: `achat` that asks `chat`, a tool that calls itself.
_MAY_BE_INNER: Final = frozenset({"llm", "embedding", "tool"})
_MOST_KNOWN: Final = 4096  # classes and names that are remembered


class Span(NamedTuple):
    """What a span is: its step's kind, the role of its instance, and its name as LlamaIndex has it."""

    kind: str
    role: str
    name: str

    @property
    def method(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@lru_cache(maxsize=_MOST_KNOWN)
def role_of(cls: type) -> str:
    """What instances of `cls` do; empty for a class that is not one of LlamaIndex's kinds."""
    ours = (base for base in cls.__mro__ if base.__module__.partition(".")[0] in ("llama_index", "workflows"))
    return next((_ROLES[base.__name__] for base in ours if base.__name__ in _ROLES), "")


def name_of_span(span_id: str) -> str:
    """`Class.method` or a function's qualified name: what a span's id has before its UUID."""
    return span_id[:-_UUID] or span_id


def span_of(
    span_id: str,
    instance: object,
    parent_id: str | None,
    tags: Mapping[str, Any] | None,
    arguments: Mapping[str, Any],
) -> Span:
    """What the span that begins is."""
    name = span_id[:-_UUID] or span_id
    if instance is None:
        return _function(name, parent_id or "", tags, arguments)
    span = _method(type(instance), name)
    if span.kind in _MAY_BE_INNER and parent_id and _is_inner_call(span.role, name, name_of_span(parent_id)):
        return Span("chain", span.role, name)
    return span


def _function(
    name: str, parent_id: str, tags: Mapping[str, Any] | None, arguments: Mapping[str, Any]
) -> Span:
    """A workflow's step, which LlamaIndex hands over as a function below the run's span, or any other function."""
    is_step = tags is not None and "llamaindex.step.input_event" in tags
    if not is_step or not name_of_span(parent_id).endswith(".run"):
        return Span("chain", "", name)
    return _step(name, not is_agent_plumbing(name) and is_tool_call(event_in(arguments)))


def is_noise(span: Span, arguments: Mapping[str, Any]) -> bool:
    """Whether a span without a parent is no run of the program's: splitters, templates, private methods.

    Nor is the embedding of no texts, which an index asks for where all its nodes have vectors.
    """
    if span.kind == "embedding":
        return any(type(given) is list and not given for given in arguments.values())
    return span.kind == "chain" and (
        span.role in ("plumbing", "llm", "embedding", "adapter") or span.method[:1] == "_"
    )


def ended_span(span_id: str, kind: str, instance: object, arguments: Mapping[str, Any]) -> Span:
    """What the span that ends was, whose step is of this kind."""
    name = name_of_span(span_id)
    if instance is None and event_in(arguments) is not None:
        return Span(kind, "call_tool" if kind == "tool" else "step", name)
    return Span(kind, role_of(type(instance)), name)


@lru_cache(maxsize=_MOST_KNOWN)
def is_agent_plumbing(name: str) -> bool:
    """Whether a step of this name is of LlamaIndex's own agents, which takes it for their own purposes."""
    owner, _, step = name.rpartition(".")
    return step in _AGENT_PLUMBING and owner in _AGENTS


@lru_cache(maxsize=_MOST_KNOWN)
def _method(cls: type, name: str) -> Span:
    role = role_of(cls)
    kind, methods = _STEPS.get(role, ("chain", frozenset[str]()))
    method = name.rpartition(".")[2]
    if method in _STRUCTURED and role in ("llm", "wrapper"):
        return Span("node", role, method)
    return Span(kind if method in methods else "chain", role, name)


@lru_cache(maxsize=_MOST_KNOWN)
def _step(name: str, is_call: bool) -> Span:  # noqa: FBT001 - by place, since both are the key of the cache
    if is_call:
        return Span("tool", "call_tool", name)
    return Span("chain" if is_agent_plumbing(name) else "node", "step", name)


@lru_cache(maxsize=_MOST_KNOWN)
def _is_inner_call(role: str, name: str, parent: str) -> bool:
    """Whether the span is a part of its parent: `achat` that asks `chat` of the same class, a tool below `call_tool`."""
    above, _, method = parent.rpartition(".")
    if role in ("llm", "embedding"):
        return above == name.rpartition(".")[0] and method in _STEPS[role][1]
    return role == "tool" and (above == "BaseToolAsyncAdapter" or method in ("call_tool", "__call__"))
