"""What LangChain's callbacks say of a model call, in the format's words: pure functions that read and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_steplog._beside import beside, once
from langchain_steplog._extract import Fields, name_of
from langchain_steplog._usage import usage
from steplog.integration import instance_dict, live_dict, provider_answer

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


def llm_end(response: Any, *, with_logprobs: bool = False) -> Fields:
    """A model call's answer, usage, finish reason, model, response id, what else its provider said; and if a cache gave it."""
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
    info = info if type(info) is dict else _NOTHING
    fields |= _answered(told, meta, output, info)
    if extra := beside(meta or info, with_logprobs=with_logprobs):
        fields["extra"] = extra
    fields["response_id"] = _response_id(meta, said, output)
    fields["cached"] = (type(told) is dict and not output and _from_cache(told)) or None
    fields["asks"] = _asked(calls) if type(calls) is list and calls else None
    return fields


def llm_end_in_full(response: Any) -> Fields:
    """The same with log probabilities, which are many times the answer."""
    return llm_end(response, with_logprobs=True)


def llm_failed(error: BaseException) -> Fields:
    """What a model had answered, and what that took, where its client's exception carries it."""
    answer = provider_answer(error)
    choices = answer.get("choices")
    first = choices[0] if type(choices) is list and choices else None
    if not answer or type(first) is not dict:
        return {}
    told: Fields = {"message": _raw_message(_mapping(first.get("message")))}
    told |= _answered(None, answer, _NOTHING, first)
    told["response_id"] = _text(answer.get("id"))
    return {name: value for name, value in told.items() if value is not None}


def _raw_message(message: Mapping[str, Any]) -> Fields:
    """A message as OpenAI has it; arguments of tool calls that were broken off stay the text they are."""
    calls = message.get("tool_calls")
    told: Fields = {"role": "assistant", "content": message.get("content")}
    if refusal := _text(message.get("refusal")):
        told["extra"] = {"refusal": refusal}
    if type(calls) is list and calls:
        found = [(call, _mapping(call.get("function"))) for call in calls if type(call) is dict]
        told["tool_calls"] = [
            {"id": call.get("id"), "name": called.get("name"), "args": called.get("arguments")}
            for call, called in found
        ]
    return told


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
        "model": None if model is None else once(model),
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
        return once(why["reason"])
    for name in _FINISH:
        if name in info or name in meta:
            for found in (info.get(name), meta.get(name)):
                if type(found) is str and found:
                    return once(found)
    # Gemini answers a prompt that it blocks with no candidate.
    if "prompt_feedback" not in meta:
        return None
    blocked = _mapping(meta["prompt_feedback"]).get("block_reason")
    blocked = blocked if type(blocked) is str else live_dict(blocked).get("_value_")
    return blocked if type(blocked) is str and blocked else None


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
