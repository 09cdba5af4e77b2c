"""What a span of LlamaIndex is: found from its id, its instance's class and its parent's id, without running code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

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
    "rerank": ("rerank", frozenset({"_postprocess_nodes", "_apostprocess_nodes"})),
    "query": ("node", frozenset({"query", "aquery"})),
    "chat": ("node", frozenset({"chat", "achat", "stream_chat", "astream_chat"})),
    "synthesizer": ("node", frozenset({"synthesize", "asynthesize"})),
    "tool": ("tool", frozenset({"call", "acall", "__call__"})),
    "workflow": ("agent", frozenset({"run"})),
}  # fmt: skip
# Steps that every agent of LlamaIndex takes around its model and its tools: they tell nothing of their own.
_AGENT_PLUMBING: Final = frozenset(
    {"init_run", "setup_agent", "parse_agent_output", "aggregate_tool_results"}
)
_AGENTS: Final = frozenset({"BaseWorkflowAgent", "AgentWorkflow"})

_found: dict[type, str] = {}
_MOST_FOUND: Final = 4096


class Span(NamedTuple):
    """What a span is: its step's kind, the role of its instance, and its name as LlamaIndex has it."""

    kind: str
    role: str
    name: str

    @property
    def method(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


def role_of(cls: type) -> str:
    """What instances of `cls` do; empty for a class that is not one of LlamaIndex's kinds."""
    role = _found.get(cls)
    if role is None:
        ours = (
            base for base in cls.__mro__ if base.__module__.partition(".")[0] in ("llama_index", "workflows")
        )
        role = next((_ROLES[base.__name__] for base in ours if base.__name__ in _ROLES), "")
        if len(_found) < _MOST_FOUND:
            _found[cls] = role
    return role


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
    """What the span is."""
    name = name_of_span(span_id)
    if instance is None:
        return _function(name, parent_id, tags or {}, arguments)
    role = role_of(type(instance))
    kind, methods = _STEPS.get(role, ("chain", frozenset[str]()))
    method = name.rpartition(".")[2]
    if method not in methods or _is_inner_call(role, name, parent_id):
        kind = "chain"
    return Span(kind, role, name)


def _function(
    name: str, parent_id: str | None, tags: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Span:
    """A workflow's step, which LlamaIndex hands over as a function below the run's span, or any other function."""
    if "llamaindex.step.input_event" not in tags or not name_of_span(parent_id or "").endswith(".run"):
        return Span("chain", "", name)
    if is_tool_call(event_in(arguments)):
        return Span("tool", "call_tool", name)
    owner, _, step = name.rpartition(".")
    plumbing = step in _AGENT_PLUMBING and owner in _AGENTS
    return Span("chain" if plumbing else "node", "step", name)


def _is_inner_call(role: str, name: str, parent_id: str | None) -> bool:
    """Whether the span is a part of its parent: `achat` that asks `chat` of the same class, a tool below `call_tool`."""
    if not parent_id:
        return False
    above, _, method = name_of_span(parent_id).rpartition(".")
    if role in ("llm", "embedding"):
        return above == name.rpartition(".")[0] and method in _STEPS[role][1]
    if role != "tool":
        return False
    return above == "BaseToolAsyncAdapter" or method in ("call_tool", "__call__")


def event_in(arguments: Mapping[str, Any]) -> Any:
    """The event that a workflow's step was called with; None where no argument is one."""
    return next((value for value in arguments.values() if is_event(value)), None)


def is_event(value: object) -> bool:
    """Whether this is an event of a workflow."""
    return has_base(value, "Event", "workflows.events")


def is_tool_call(value: object) -> bool:
    """Whether this is the event by which an agent of LlamaIndex asks for a tool."""
    return has_base(value, "ToolCall", "llama_index.core.agent.workflow.workflow_events")


def has_base(value: object, name: str, module: str) -> bool:
    """Whether the class of `value` or one of its bases is the named one; asks no code of the value's."""
    return any(base.__name__ == name and base.__module__ == module for base in type(value).__mro__)
