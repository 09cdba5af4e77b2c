"""What LangChain's callbacks say of a model call, in the format's words: pure functions that read and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_steplog._extract import Fields, name_of
from steplog.integration import instance_dict

_PARAMS = (
    "temperature", "max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample", "num_predict",
    "top_p", "top_k", "stop", "stop_sequences", "seed", "n", "frequency_penalty", "presence_penalty", "tool_choice",
    "parallel_tool_calls", "response_format", "reasoning_effort", "reasoning", "thinking", "logprobs", "service_tier",
)  # fmt: skip
_LS_PARAMS = {"ls_temperature": "temperature", "ls_max_tokens": "max_tokens", "ls_stop": "stop"}
_FINISH = ("finish_reason", "stop_reason", "stopReason", "done_reason", "status")


def llm_start(serialized: Any, messages: list[Any], kwargs: Mapping[str, Any]) -> Fields:
    """A model call's model, provider, parameters, tools and prompt."""
    metadata: Mapping[str, Any] = kwargs.get("metadata") or {}
    asked: Mapping[str, Any] = kwargs.get("invocation_params") or {}
    tools = asked.get("tools") or asked.get("functions")
    return {
        "model": _first(
            metadata.get("ls_model_name"), *(asked.get(k) for k in ("model", "model_name", "model_id"))
        ),
        "provider": _provider(serialized, metadata.get("ls_provider")),
        "params": _params(metadata, asked) or None,
        "messages": messages,
        "tools": [_tool_name(tool) for tool in tools] if type(tools) is list and tools else None,
        "tool_defs": tools if type(tools) is list and tools else None,
    }


def _provider(serialized: Any, provider: Any) -> Any:
    # For a class that names no provider LangChain puts the class's own name, which is none.
    name = name_of(serialized, None)
    return None if name is not None and provider == name.lower() else provider


def _params(metadata: Mapping[str, Any], asked: Mapping[str, Any]) -> Fields:
    found = {short: metadata[long] for long, short in _LS_PARAMS.items() if metadata.get(long) is not None}
    found |= {name: asked[name] for name in _PARAMS if asked.get(name) is not None}
    return found


def _tool_name(tool: Any) -> str:
    if type(tool) is not dict:
        return type(tool).__name__
    inner = tool.get("function") or tool.get("toolSpec")
    return (
        _first(inner.get("name") if type(inner) is dict else None, tool.get("name"), tool.get("type"))
        or "unnamed"
    )


def _first(*values: Any) -> Any:
    return next((v for v in values if type(v) is str and v), None)


def llm_end(response: Any) -> Fields:
    """A model call's answer, usage, finish reason, model and response id."""
    generations = (instance_dict(response).get("generations") or [[]])[0]
    if not generations:
        return {}
    first = instance_dict(generations[0])
    output: Mapping[str, Any] = instance_dict(response).get("llm_output") or {}
    message = first.get("message")
    said: Mapping[str, Any] = instance_dict(message) if message is not None else {}
    meta: Mapping[str, Any] = said.get("response_metadata") or {}
    info: Mapping[str, Any] = first.get("generation_info") or {}
    return {
        "message": message if message is not None else _text_answer(first),
        "others": [_answer(g) for g in generations[1:]] or None,
        "usage": usage(said.get("usage_metadata"), output) or None,
        "finish_reason": _first(*(d.get(k) for k in _FINISH for d in (info, meta))),
        "model": _first(
            meta.get("model_name"), meta.get("model"), output.get("model_name"), output.get("model")
        ),
        "response_id": _response_id(meta, said, output),
    }


def _answer(generation: Any) -> Any:
    found = instance_dict(generation)
    return found.get("message") or _text_answer(found)


def _text_answer(generation: Mapping[str, Any]) -> Fields:
    return {"role": "assistant", "content": generation.get("text")}


def _response_id(meta: Mapping[str, Any], said: Mapping[str, Any], output: Mapping[str, Any]) -> str | None:
    found = _first(meta.get("id"), output.get("id"), said.get("id"))
    # LangChain makes ids of its own for messages without one; they name no response of the provider's.
    return None if found is None or found.startswith(("lc_", "run-")) else found


def usage(metadata: Any, output: Mapping[str, Any]) -> Fields:
    """Tokens in the format's words: input includes cached ones, output includes reasoning."""
    if type(metadata) is dict:
        into: Mapping[str, Any] = metadata.get("input_token_details") or {}
        out: Mapping[str, Any] = metadata.get("output_token_details") or {}
        found = {
            "input_tokens": metadata.get("input_tokens"),
            "output_tokens": metadata.get("output_tokens"),
            "cache_read_tokens": into.get("cache_read"),
            "cache_write_tokens": into.get("cache_creation"),
            "reasoning_tokens": out.get("reasoning"),
            "total_tokens": metadata.get("total_tokens"),
        }
    else:
        raw: Mapping[str, Any] = output.get("token_usage") or output.get("usage") or {}
        found = {
            "input_tokens": raw.get("prompt_tokens", raw.get("input_tokens")),
            "output_tokens": raw.get("completion_tokens", raw.get("output_tokens")),
            "total_tokens": raw.get("total_tokens"),
        }
    kept = {
        k: v for k, v in found.items() if type(v) is int and (v or k in ("input_tokens", "output_tokens"))
    }
    if kept.get("total_tokens") == kept.get("input_tokens", 0) + kept.get("output_tokens", 0):
        kept.pop("total_tokens", None)
    return kept
