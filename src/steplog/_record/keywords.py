"""The fields of runs and steps as keyword arguments, for type checkers."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

StepKind = Literal["llm", "tool", "retriever", "embedding", "rerank", "agent", "node", "chain"]
EndStatus = Literal["ok", "error", "cancelled", "interrupted", "abandoned", "handoff"]


class Usage(TypedDict, total=False):
    """Tokens of one call: `input_tokens` includes the cached ones, `output_tokens` the reasoning."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    input_audio_tokens: int
    output_audio_tokens: int
    total_tokens: int


class Document(TypedDict, total=False):
    """What a retriever found."""

    id: str
    score: float
    content: Any
    metadata: Any


class StartFields(TypedDict, total=False):
    """What may be told of any run or step when it begins."""

    input: Any
    tags: list[str]
    metadata: dict[str, Any]
    extra: dict[str, Any]


class RunFields(StartFields, total=False):
    """What may be told of a run: `thread` joins the runs of one conversation, `parent_run` is the id of another run."""

    framework: str
    thread: str
    resumes: str
    parent_run: str
    parent_step: int


class StepFields(StartFields, total=False):
    """What may be told of any step: `attempt` is 2 for the first retry."""

    attempt: int


class ModelFields(StepFields, total=False):
    """What may be told of what a model is asked with: `tools` are names, `tool_defs` their definitions."""

    provider: str
    params: dict[str, Any]
    tools: list[str]
    tool_defs: list[Any]


class LlmFields(ModelFields, total=False):
    """What may be told of a model call: a `name` where the model's own says too little."""

    name: str


class ToolFields(StepFields, total=False):
    """What may be told of a tool call: `call_id` is the id under which the model asked for it."""

    call_id: str


class NodeFields(StepFields, total=False):
    """What may be told of a stage of the work."""

    step_in_graph: int
    triggers: list[str]
    checkpoint: dict[str, str]


class AnyFields(ModelFields, ToolFields, NodeFields, total=False):
    """What may be told of a step of any kind."""

    model: str
    messages: list[Any]
    args: Any
    query: Any
    count: int


class EndFields(TypedDict, total=False):
    """What may be told of a run or a step before it ends.

    result: what a tool gave back. output: what anything else did. message, messages: a model's answer, and further
    candidates. asks: the ids of the tool calls that the answer asks for. error: an exception or a text, for a failure
    that raised nothing.
    """

    status: EndStatus
    error: BaseException | str | dict[str, Any]
    input: Any
    output: Any
    result: Any
    message: Any
    messages: list[Any]
    usage: Usage
    finish_reason: str
    model: str
    response_id: str
    cached: bool
    asks: list[str]
    documents: list[Document] | list[Any]
    count: int
    dimensions: int
    checkpoint: dict[str, str]
    extra: dict[str, Any]
