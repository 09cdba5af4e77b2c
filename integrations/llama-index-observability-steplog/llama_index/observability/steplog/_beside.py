"""What a provider says beside its answer: service tier, content filters, safety ratings, grounding, log probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from llama_index.observability.steplog._messages import fields_of

Fields = dict[str, Any]
_OF_THE_ANSWER: Final = (
    "service_tier", "system_fingerprint", "prompt_filter_results", "prompt_feedback", "safety_ratings",
    "grounding_metadata", "citation_metadata",
)  # fmt: skip
_OF_THE_CHOICE: Final = (
    "content_filter_results",
    "safety_ratings",
    "grounding_metadata",
    "citation_metadata",
)
_LOGPROBS: Final = ("logprobs", "logprobs_result", "avg_logprobs")
_MAY_BE_EMPTY: Final = (str, list, dict)
_DEEPEST: Final = 6


def beside(raw: Mapping[str, Any], *, with_logprobs: bool) -> Fields:
    """What of a provider's own form of an answer is told nowhere else."""
    choices = raw.get("choices") or raw.get("candidates")
    choice = fields_of(choices[0]) if type(choices) is list and choices else {}
    found = {name: choice.get(name) for name in _OF_THE_CHOICE} | {
        name: raw[name] for name in _OF_THE_ANSWER if raw.get(name) is not None
    }
    if "service_tier" not in found:
        found["service_tier"] = fields_of(raw.get("usage")).get("service_tier")
    found["refusal"] = _refusal(raw, choice)
    if with_logprobs:
        found |= {name: _with_texts(choice.get(name), _DEEPEST) for name in _LOGPROBS}
    return {name: value for name, value in found.items() if _says(value)}


def _refusal(raw: Mapping[str, Any], choice: Mapping[str, Any]) -> Any:
    """With which words OpenAI's model refused, which LlamaIndex leaves out of the message it makes; None if it did not."""
    said = fields_of(choice.get("message")).get("refusal")
    output = raw.get("output")
    if said is not None or type(output) is not list:
        return said
    contents = [fields_of(item).get("content") for item in output]
    blocks = [fields_of(block) for content in contents if type(content) is list for block in content]
    return next((block["refusal"] for block in blocks if block.get("refusal") is not None), None)


def _says(value: Any) -> bool:
    # Types first: to ask another object whether it is empty would run its code.
    return value is not None and not (type(value) in _MAY_BE_EMPTY and not value)


def _with_texts(value: Any, depth: int) -> Any:
    """Log probabilities with a token's text under `text`: under `token` it would be taken for a secret."""
    if not depth or value is None or type(value) in (str, int, float, bool):
        return value
    if type(value) is list:
        return [_with_texts(one, depth - 1) for one in value]
    found = fields_of(value)
    return {"text" if name == "token" else name: _with_texts(one, depth - 1) for name, one in found.items()}
