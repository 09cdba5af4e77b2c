"""What LangChain's callbacks say of a model call, in the format's words: pure functions that read and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_steplog._extract import Fields, name_of
from steplog.integration import instance_dict, live_dict

_PARAMS: Final = frozenset((
    "temperature", "max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample", "num_predict",
    "top_p", "top_k", "min_p", "stop", "stop_sequences", "seed", "n", "frequency_penalty", "presence_penalty",
    "repeat_penalty", "num_ctx", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort",
    "reasoning", "thinking", "thinking_budget", "thinking_level", "include_thoughts", "verbosity", "logprobs",
    "service_tier", "previous_response_id", "cached_content",
))  # fmt: skip
# LangSmith's names stand where a client tells nothing else: what each stands for, and the client's names for it.
_LS_PARAMS: Final = (
    ("ls_temperature", "temperature", ("temperature",)),
    ("ls_stop", "stop", ("stop", "stop_sequences")),
    ("ls_max_tokens", "max_tokens",
     ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample", "num_predict")),
)  # fmt: skip
# Where LangChain's packages spell one provider in several ways, OpenTelemetry's `gen_ai.provider.name` decides;
# a provider with one spelling keeps it, since that is what users write.
_PROVIDERS: Final = {
    **dict.fromkeys(
        ("amazon_bedrock", "bedrock", "bedrock_converse", "anthropic-bedrock", "anthropic_bedrock",
         "openai-mantle", "anthropic-mantle"),
        "aws.bedrock",
    ),
    **dict.fromkeys(("azure", "azure_openai"), "azure.ai.openai"),
    **dict.fromkeys(("mistral", "mistralai"), "mistral_ai"),
    "openai-codex": "openai",
}  # fmt: skip
_ASKED: Final = ("model", "model_name", "model_id")
_ANSWERED: Final = ("model_name", "model")
_SHORTEST_WORD: Final = 4
_SHORTEST_REPEATED: Final = 2 * _SHORTEST_WORD
_FINISH: Final = ("finish_reason", "stop_reason", "stopReason", "done_reason", "status")
_NOTHING: Final[Mapping[str, Any]] = {}


def llm_start(serialized: Any, messages: list[Any], kwargs: Mapping[str, Any]) -> Fields:
    """A model call's model, provider, parameters, tools and prompt."""
    metadata, asked = kwargs.get("metadata"), kwargs.get("invocation_params")
    if type(metadata) is not dict:
        metadata = _NOTHING
    if type(asked) is not dict:
        asked = _NOTHING
    model, provider = metadata.get("ls_model_name"), metadata.get("ls_provider")
    fields: Fields = {
        "model": model if type(model) is str and model else _first_of(asked, _ASKED),
        "provider": _provider(serialized, provider) if type(provider) is str else None,
        "params": _params(metadata, asked) or None,
        "messages": messages,
    }
    tools = asked.get("tools") or asked.get("functions")
    if type(tools) is list and tools:
        fields["tools"] = _tool_names(tools)
        fields["tool_defs"] = tools
    return fields


def _provider(serialized: Any, provider: str) -> str | None:
    # For a class that names no provider LangChain puts the class's own name, which is none.
    name = name_of(serialized, None)
    if name is not None and provider == name.lower():
        return None
    return provider_of(provider)


def provider_of(provider: Any) -> str | None:
    """A provider's one spelling."""
    return _PROVIDERS.get(provider, provider) if type(provider) is str and provider else None


def _params(metadata: Mapping[str, Any], asked: Mapping[str, Any]) -> Fields:
    found: Fields = {}
    for name in _PARAMS.intersection(asked):
        if asked[name] is not None:
            found[name] = asked[name]
    for long, short, known in _LS_PARAMS:
        if long in metadata and metadata[long] is not None and not any(name in found for name in known):
            found[short] = metadata[long]
    return found


def _tool_names(tools: list[Any]) -> list[str]:
    names: list[str] = []
    for tool in tools:
        name = None
        if type(tool) is dict:
            inner = tool.get("function") or tool.get("toolSpec")
            name = inner.get("name") if type(inner) is dict else None
        names.append(name if type(name) is str and name else _tool_name(tool))
    return names


def _tool_name(tool: Any) -> str:
    if type(tool) is not dict:
        return type(tool).__name__
    return _text(tool.get("name")) or _text(tool.get("type")) or "unnamed"


def llm_end(response: Any) -> Fields:
    """A model call's answer, usage, finish reason, model and response id; and whether LangChain's cache gave it."""
    # Few calls: each would be felt in every model call, and the usual case needs none.
    found = live_dict(response)
    generations = (found.get("generations") or [[]])[0]
    if not generations:
        return {}
    first = live_dict(generations[0])
    output, info, message = found.get("llm_output"), first.get("generation_info"), first.get("message")
    if type(output) is not dict:
        output = _NOTHING
    said = _NOTHING if message is None else live_dict(message)
    meta, calls = said.get("response_metadata"), said.get("tool_calls")
    if type(meta) is not dict:
        meta = _NOTHING
    told = said.get("usage_metadata")
    fields: Fields = {"message": _text_answer(first) if message is None else message}
    if len(generations) > 1:
        fields["others"] = [_answer(g) for g in generations[1:]]
    fields |= _answered(told, meta, output, info if type(info) is dict else _NOTHING)
    fields["response_id"] = _response_id(meta, said, output)
    fields["cached"] = (type(told) is dict and not output and _from_cache(told)) or None
    fields["asks"] = _asked(calls) if type(calls) is list and calls else None
    return fields


def _asked(calls: list[Any]) -> list[Any]:
    """The ids of the tool calls that a model's answer asks for."""
    return [call.get("id") for call in calls if type(call) is dict]


def stream_end(event: Mapping[str, Any]) -> Fields:
    """What the last event of a v3 stream tells of the answer, should the end of the call itself not come."""
    meta = _mapping(event.get("metadata"))
    found = _answered(event.get("usage"), meta, _NOTHING, _NOTHING)
    found["response_id"] = _response_id(meta, _NOTHING, _NOTHING)
    return {name: value for name, value in found.items() if value is not None}


def _answered(
    told: Any, meta: Mapping[str, Any], output: Mapping[str, Any], info: Mapping[str, Any]
) -> Fields:
    model = meta.get("model_name")
    if type(model) is not str or not model:
        model = _first_of(meta, _ANSWERED) or _first_of(output, _ANSWERED)
    return {
        "usage": usage(told, output or meta) or None,
        "finish_reason": _finish_reason(info, meta),
        "model": _once(model),
    }


def llm_partial(response: Any) -> Fields:
    """What a model had said, and told of itself, when its call failed."""
    fields = llm_end(response)
    # For an answer that never began LangChain puts an empty message that carries the HTTP response.
    fields.pop("asks", None)
    return fields if _says(fields.get("message")) else {k: v for k, v in fields.items() if k != "message"}


def _says(message: Any) -> bool:
    found = message if type(message) is dict else instance_dict(message)
    return any(found.get(name) for name in ("content", "tool_calls", "tool_call_chunks", "additional_kwargs"))


def _answer(generation: Any) -> Any:
    found = instance_dict(generation)
    return found.get("message") or _text_answer(found)


def _text_answer(generation: Mapping[str, Any]) -> Fields:
    return {"role": "assistant", "content": generation.get("text")}


def _finish_reason(info: Mapping[str, Any], meta: Mapping[str, Any]) -> str | None:
    # OpenAI's Responses say only "incomplete" here; why stands beside it.
    why = meta.get("incomplete_details")
    if type(why) is dict and _text(why.get("reason")):
        return _once(why["reason"])
    for name in _FINISH:
        for found in (info.get(name), meta.get(name)):
            if type(found) is str and found:
                return found if len(found) < _SHORTEST_REPEATED else _once(found)
    return None


def _response_id(meta: Mapping[str, Any], said: Mapping[str, Any], output: Mapping[str, Any]) -> str | None:
    found = meta.get("id")
    if type(found) is not str or not found:
        # Bedrock has no id for an answer; the request's is what its logs and its support know it by.
        found = (
            _text(output.get("id"))
            or _text(_mapping(meta.get("ResponseMetadata")).get("RequestId"))
            or _text(said.get("id"))
        )
    # LangChain makes ids of its own for messages without one; they name no response of the provider's.
    return None if found is None or found.startswith(("lc_", "run-")) else found


def _from_cache(told: Mapping[str, Any]) -> bool:
    # The only mark that LangChain leaves on what its cache gives back.
    cost = told.get("total_cost")
    return cost is not None and cost == 0


def _once(word: str | None) -> str | None:
    """A word that chunks of a stream repeated and LangChain joined ("stopstop"), as it was said."""
    if word is None or len(word) < _SHORTEST_REPEATED:
        return word
    period = (word + word).find(word, 1)
    return word[:period] if period >= _SHORTEST_WORD else word


def usage(told: Any, output: Mapping[str, Any]) -> Fields:
    """Tokens in the format's words: input includes cached ones, output includes reasoning.

    `told` is a message's `usage_metadata`, `output` what to read without one: a provider's own counts.
    """
    kept: Fields = {}
    for name, count in (_normalised(told) if type(told) is dict else _raw(output)).items():
        if type(count) is int and (count or name == "output_tokens"):
            kept[name] = count
    given = kept.get("input_tokens", 0)
    if not given and not kept.get("output_tokens"):
        # No prompt has no tokens: a stream through a proxy that leaves them out counts none.
        kept.pop("output_tokens", None)
    if kept.get("total_tokens") == given + kept.get("output_tokens", 0):
        del kept["total_tokens"]
    return kept


def _normalised(told: Mapping[str, Any]) -> Fields:
    found: Fields = {"input_tokens": told.get("input_tokens"), "output_tokens": told.get("output_tokens")}
    into, out = told.get("input_token_details"), told.get("output_token_details")
    if type(into) is dict and into:
        found["cache_read_tokens"] = _detail(into, "cache_read")
        # Where the time to live is told, LangChain moves the count there.
        lived = _detail(into, "ephemeral_5m_input_tokens") + _detail(into, "ephemeral_1h_input_tokens")
        found["cache_write_tokens"] = _detail(into, "cache_creation") or lived
    if type(out) is dict and out:
        found["reasoning_tokens"] = _detail(out, "reasoning")
    found["total_tokens"] = told.get("total_tokens")
    return found


def _detail(details: Mapping[str, Any], name: str) -> int:
    """A count, also where a service tier stands before its name: `flex_cache_read`."""
    return sum(n for k, n in details.items() if type(n) is int and (k == name or str(k).endswith("_" + name)))


def _raw(output: Mapping[str, Any]) -> Fields:
    raw = _mapping(output.get("token_usage") or output.get("usage"))
    given = raw.get("prompt_tokens", raw.get("input_tokens"))
    # Anthropic counts what it read from and wrote to its cache apart from the input.
    apart = [raw.get(f"cache_{what}_input_tokens") for what in ("read", "creation")]
    into = _mapping(raw.get("prompt_tokens_details"))
    out = _mapping(raw.get("completion_tokens_details"))
    return {
        "input_tokens": sum(n for n in (given, *apart) if type(n) is int) if type(given) is int else None,
        "output_tokens": raw.get("completion_tokens", raw.get("output_tokens")),
        "cache_read_tokens": into.get("cached_tokens") or apart[0],
        "cache_write_tokens": apart[1],
        "reasoning_tokens": out.get("reasoning_tokens"),
        "total_tokens": raw.get("total_tokens"),
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if type(value) is dict else _NOTHING


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else None


def _first_of(found: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first text under one of these names."""
    for name in names:
        value = found.get(name)
        if type(value) is str and value:
            return value
    return None
