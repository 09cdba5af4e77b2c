"""Our words in OpenTelemetry's GenAI conventions (1.41) and in OpenInference's, side by side: data, checked against both packages.

Servers read the one or the other, and both together are not counted twice (tried with Phoenix 20 and MLflow 3).
"""

from __future__ import annotations

from typing import Final

# Of a step's kind: the operation's name (GenAI), and the span's kind (OpenInference).
OPERATIONS: Final[dict[str, tuple[str, str]]] = {
    "run": ("invoke_agent", "AGENT"),
    "agent": ("invoke_agent", "AGENT"),
    "llm": ("chat", "LLM"),
    "tool": ("execute_tool", "TOOL"),
    "retriever": ("retrieval", "RETRIEVER"),
    "embedding": ("embeddings", "EMBEDDING"),
    "rerank": ("", "RERANKER"),
    "node": ("", "CHAIN"),
    "chain": ("", "CHAIN"),
}
WORKFLOW: Final = "invoke_workflow"

# Of a model call's fields: our name -> names of the same value.
MODEL_CALL: Final[dict[str, tuple[str, ...]]] = {
    "model": ("gen_ai.request.model", "llm.model_name"),
    "provider": ("gen_ai.provider.name", "llm.provider"),
    "response_id": ("gen_ai.response.id",),
    "finish_reason": ("llm.finish_reason",),
}
USAGE: Final[dict[str, tuple[str, ...]]] = {
    "input_tokens": ("gen_ai.usage.input_tokens", "llm.token_count.prompt"),
    "output_tokens": ("gen_ai.usage.output_tokens", "llm.token_count.completion"),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "llm.token_count.completion_details.reasoning",
    ),
}
PARAMETERS: Final[dict[str, str]] = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "n": "gen_ai.request.choice.count",
}

OPERATION: Final = "gen_ai.operation.name"
SPAN_KIND: Final = "openinference.span.kind"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_MODEL: Final = "gen_ai.response.model"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"  # seconds
AGENT_NAME: Final = ("gen_ai.agent.name", "agent.name")
CONVERSATION: Final = ("gen_ai.conversation.id", "session.id")
USER: Final = "user.id"
TOOL_NAME: Final = ("gen_ai.tool.name", "tool.name")
TOOL_CALL_ID: Final = ("gen_ai.tool.call.id", "tool.id")
TOOL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_RESULT: Final = "gen_ai.tool.call.result"
TOOL_SCHEMA: Final = "llm.tools.{}.tool.json_schema"
TOTAL_TOKENS: Final = "llm.token_count.total"
PARAMETERS_JSON: Final = "llm.invocation_parameters"
QUERY: Final = "gen_ai.retrieval.query.text"
DOCUMENT: Final = "retrieval.documents.{}.document.{}"
EMBEDDING_MODEL: Final = ("gen_ai.request.model", "embedding.model_name")
DIMENSIONS: Final = "gen_ai.embeddings.dimension.count"
NODE: Final = "graph.node.name"
TAGS: Final = "tag.tags"
METADATA: Final = "metadata"
INPUT: Final = "input.value"
INPUT_TYPE: Final = "input.mime_type"
OUTPUT: Final = "output.value"
OUTPUT_TYPE: Final = "output.mime_type"
TEXT: Final = "text/plain"
JSON: Final = "application/json"
