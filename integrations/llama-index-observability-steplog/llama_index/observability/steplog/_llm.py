"""From a model call's span and events to a line's fields: pure functions that read and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from llama_index.observability.steplog._beside import beside
from llama_index.observability.steplog._messages import fields_of, raw_calls, tool_calls_of
from steplog.integration import live_dict, present, provider_answer

Fields = dict[str, Any]

_PARAMS: Final = (
    "temperature", "max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample", "num_predict",
    "top_p", "top_k", "stop", "stop_sequences", "seed", "n", "frequency_penalty", "presence_penalty", "tool_choice",
    "parallel_tool_calls", "response_format", "reasoning_effort", "reasoning", "reasoning_options", "thinking",
    "thinking_dict", "logprobs", "service_tier",
)  # fmt: skip
_SAME_PARAM: Final = {"reasoning_options": "reasoning", "thinking_dict": "thinking"}
_MODEL: Final = ("model", "model_name", "model_id", "deployment_name")
# As LangChain names them, where LlamaIndex's package is called otherwise.
_PROVIDERS: Final = {
    "gemini": "google_genai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
}
_FINISH: Final = ("finish_reason", "stop_reason", "done_reason", "stopReason")
_PREFIX: Final = "llama_index.llms."


def llm_start(instance: Any, given: Any, kwargs: Mapping[str, Any], payload: Any) -> Fields:
    """A model call's model, provider, parameters, tools and prompt; `given` is a list of messages or a text."""
    own = live_dict(instance)
    tools = kwargs.get("tools") or kwargs.get("functions")
    tools = [_tool_def(tool) for tool in tools] if type(tools) is list and tools else None
    return {
        "model": model_of(instance, payload),
        "provider": provider_of(type(instance)),
        "params": params_of({**own, **_dict(own.get("additional_kwargs")), **kwargs}) or None,
        "messages": prompt_of(given),
        "tools": [_tool_name(tool) for tool in tools] if tools else None,
        "tool_defs": tools,
    }


def params_of(asked: Mapping[str, Any]) -> Fields:
    """Of all that a client was made and called with, what sets how the model answers."""
    found = [(name, asked[name]) for name in _PARAMS if name in asked]
    return {_SAME_PARAM.get(name, name): value for name, value in found if _says(value)}


def _says(value: Any) -> bool:
    cls = type(value)
    return bool(value) if cls in (dict, list) else cls in (str, int, float, bool)


def model_of(instance: Any, payload: Any) -> str | None:
    """The model asked for, as the client or LlamaIndex's own description of it names it."""
    found = _first(live_dict(instance), _MODEL) or _first(_dict(payload), ("model_name",))
    return None if found == "unknown" else found


def provider_of(cls: type) -> str | None:
    """The provider whose package of LlamaIndex the client is from; None for a model of the program's own."""
    return _package_of(cls)


@lru_cache(maxsize=4096)
def _package_of(cls: type) -> str | None:
    modules = (base.__module__ for base in cls.__mro__)
    package = next(
        (m.removeprefix(_PREFIX).partition(".")[0] for m in modules if m.startswith(_PREFIX)), None
    )
    return None if package is None else _PROVIDERS.get(package, package)


def prompt_of(given: Any) -> list[Any]:
    """What the model is sent, as messages."""
    if type(given) is str:
        return [{"role": "user", "content": given}]
    return list(given) if type(given) in (list, tuple) else []


def _tool_def(tool: Any) -> Any:
    """What a provider is given is told as it is; of LlamaIndex's own tool object, which models in tests get, what it says."""
    metadata = fields_of(live_dict(tool).get("_metadata"))
    if not metadata:
        return tool
    return {name: metadata[name] for name in ("name", "description") if type(metadata.get(name)) is str}


def _tool_name(tool: Any) -> str:
    found = fields_of(tool)
    inner = found.get("function") or found.get("toolSpec")
    named = _first(fields_of(inner), ("name",)) if inner else None
    return named or _first(found, ("name", "type")) or "unnamed"


def llm_end(response: Any, before: Any, with_logprobs: bool = False) -> Fields:  # noqa: FBT001, FBT002 - by place
    """A model call's answer, and what its provider said beside it; `before` is the stream's last chunk but one."""
    found = live_dict(response)
    if not found:
        return {}
    message = found.get("message")
    told: Fields = {
        "message": message if message is not None else {"role": "assistant", "content": found.get("text")}
    }
    raw = fields_of(found.get("raw"))
    extra = _dict(live_dict(message).get("additional_kwargs")) | _dict(found.get("additional_kwargs"))
    earlier = fields_of(live_dict(before).get("raw"))
    if not (raw or extra or earlier):
        return told
    return (
        told
        | said_by_provider(raw, extra, earlier)
        | {"extra": beside(raw, with_logprobs=with_logprobs) or None}
    )


def llm_failed(error: BaseException) -> Fields:
    """What a model had answered, and what that took, where its client's exception carries it."""
    raw = provider_answer(error)
    choices = raw.get("choices")
    message = _dict(choices[0]).get("message") if type(choices) is list and choices else None
    if type(message) is not dict:
        return {}
    calls = message.get("tool_calls")
    answer: Fields = {"role": "assistant", "content": message.get("content"), "tool_calls": raw_calls(calls)}
    if (refusal := message.get("refusal")) is not None:
        answer["extra"] = {"refusal": refusal}
    told = {"message": present(answer), **said_by_provider(raw, {}, {})}
    return {name: value for name, value in told.items() if value is not None}


def said_by_provider(raw: Mapping[str, Any], extra: Mapping[str, Any], earlier: Mapping[str, Any]) -> Fields:
    """What a provider's own form of an answer says beside the message; `earlier` is that of the chunk before the last."""
    return {
        "usage": usage(raw, extra) or None,
        "finish_reason": _finish(raw, extra) or (_finish(earlier, {}) if earlier else None),
        "model": _first(raw, ("model", "model_version", "modelId")),
        "response_id": _first(raw, ("id", "response_id")),
    }


def asked(message: Any) -> list[Any]:
    """The ids of the tool calls that a model's answer asks for."""
    if message is None or type(message) is dict:
        return []
    return [call.get("id") for call in tool_calls_of(message) if type(call) is dict]


def _finish(raw: Mapping[str, Any], extra: Mapping[str, Any]) -> str | None:
    choices = raw.get("choices") or raw.get("candidates")
    choice = fields_of(choices[0]) if type(choices) is list and choices else {}
    for said in (choice, raw, extra, fields_of(raw.get("delta"))):
        for name in _FINISH if said else ():
            if name in said and type(found := _text(said[name])) is str and found:
                return found
    if "output" in raw:  # OpenAI's Responses say only "incomplete"; why stands beside it
        return _text(fields_of(raw.get("incomplete_details")).get("reason")) or _first(raw, ("status",))
    # Gemini answers a prompt that it blocks with no candidate.
    blocked = _text(fields_of(raw.get("prompt_feedback")).get("block_reason"))
    return blocked if type(blocked) is str else None


def _text(value: Any) -> Any:
    """A text as it is, an enum's value."""
    return value if type(value) is str else live_dict(value).get("_value_")


def usage(raw: Mapping[str, Any], extra: Mapping[str, Any]) -> Fields:
    """Tokens in the format's words: input includes cached ones, output includes reasoning."""
    found = fields_of(raw.get("usage") or raw.get("usage_metadata"))
    if "prompt_tokens" in found:
        kept = _openai(found)
    elif "cache_read_input_tokens" in found or "cache_creation_input_tokens" in found:
        kept = _anthropic(found)
    elif "prompt_token_count" in found:
        kept = _google(found)
    elif "prompt_eval_count" in raw:
        kept = {"input_tokens": raw.get("prompt_eval_count"), "output_tokens": raw.get("eval_count")}
    elif "input_tokens" in found or "inputTokens" in found:
        kept = _plain(found)
    else:
        kept = _openai(extra) if extra else {}
    return _known(kept)


def _known(found: Fields) -> Fields:
    kept = {
        k: v for k, v in found.items() if type(v) is int and (v or k in ("input_tokens", "output_tokens"))
    }
    if kept.get("total_tokens") == kept.get("input_tokens", 0) + kept.get("output_tokens", 0):
        kept.pop("total_tokens", None)
    return kept


def _openai(found: Mapping[str, Any]) -> Fields:
    into = fields_of(found.get("prompt_tokens_details"))
    out = fields_of(found.get("completion_tokens_details"))
    return {
        "input_tokens": found.get("prompt_tokens"),
        "output_tokens": found.get("completion_tokens"),
        "cache_read_tokens": into.get("cached_tokens"),
        "reasoning_tokens": out.get("reasoning_tokens"),
        "input_audio_tokens": into.get("audio_tokens"),
        "output_audio_tokens": out.get("audio_tokens"),
        "total_tokens": found.get("total_tokens"),
    }


def _anthropic(found: Mapping[str, Any]) -> Fields:
    # Anthropic counts the tokens it read from and wrote to its cache apart from the input.
    parts = [found.get(n) for n in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")]
    lived = fields_of(found.get("cache_creation"))
    return {
        "input_tokens": sum(n for n in parts if type(n) is int) if type(parts[0]) is int else None,
        "output_tokens": found.get("output_tokens"),
        "cache_read_tokens": parts[1],
        "cache_write_tokens": parts[2],
        "cache_write_5m_tokens": lived.get("ephemeral_5m_input_tokens"),
        "cache_write_1h_tokens": lived.get("ephemeral_1h_input_tokens"),
    }


def _google(found: Mapping[str, Any]) -> Fields:
    out = [found.get(name) for name in ("candidates_token_count", "thoughts_token_count")]
    return {
        "input_tokens": found.get("prompt_token_count"),
        "output_tokens": sum(n for n in out if type(n) is int),
        "cache_read_tokens": found.get("cached_content_token_count"),
        "reasoning_tokens": out[1],
        "input_audio_tokens": _spoken(found.get("prompt_tokens_details")),
        "output_audio_tokens": _spoken(found.get("candidates_tokens_details")),
        "total_tokens": found.get("total_token_count"),
    }


def _spoken(details: Any) -> int | None:
    """Of Google's counts by modality, that of audio."""
    found = [fields_of(one) for one in details] if type(details) is list else []
    counts = [one.get("token_count") for one in found if _text(one.get("modality")) == "AUDIO"]
    return next((count for count in counts if type(count) is int), None)


def _plain(found: Mapping[str, Any]) -> Fields:
    return {
        "input_tokens": found.get("input_tokens", found.get("inputTokens")),
        "output_tokens": found.get("output_tokens", found.get("outputTokens")),
        "cache_read_tokens": fields_of(found.get("input_tokens_details")).get("cached_tokens"),
        "reasoning_tokens": fields_of(found.get("output_tokens_details")).get("reasoning_tokens"),
        "total_tokens": found.get("total_tokens", found.get("totalTokens")),
    }


def _dict(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first text that is there under one of these names."""
    for name in names:
        if name in found and type(text := found[name]) is str and text:
            return text
    return None
