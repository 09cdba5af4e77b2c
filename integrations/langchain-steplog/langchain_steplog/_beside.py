"""What a provider says beside its answer: service tier, content filters, safety ratings, grounding, log probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# Told as fields of their own, or of the transport and of LangChain's own making.
_TOLD: Final = frozenset((
    "token_usage", "usage", "usage_metadata", "model_name", "model", "model_provider", "model_id", "id", "finish_reason",
    "stop_reason", "stopReason", "done_reason", "status", "incomplete_details", "type", "role", "object", "created",
    "created_at", "completed_at", "done", "headers", "ResponseMetadata", "output_version", "total_duration",
    "load_duration", "status_code", "request_id", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration", "metrics", "body",
))  # fmt: skip
_LOGPROBS: Final = frozenset(("logprobs", "logprobs_result", "avg_logprobs"))
_DEEPEST: Final = 6
_SHORTEST_WORD: Final = 4
_MAY_BE_EMPTY: Final = (str, list, dict)


def beside(meta: Mapping[str, Any], *, with_logprobs: bool) -> dict[str, Any]:
    """What of an answer's metadata is told nowhere else."""
    out: dict[str, Any] = {}
    for name, value in tuple(meta.items()):  # another thread may change it
        if value is None or name in _TOLD or (type(value) in _MAY_BE_EMPTY and not value):
            continue
        if name not in _LOGPROBS:
            out[name] = once(value) if type(value) is str else value
        elif with_logprobs:
            out[name] = _with_texts(value, _DEEPEST)
    return out


def _with_texts(value: Any, depth: int) -> Any:
    """Log probabilities with a token's text under `text`: under `token` it would be taken for a secret."""
    if depth and type(value) is list:
        return [_with_texts(one, depth - 1) for one in value]
    if depth and type(value) is dict:
        return {
            "text" if name == "token" else name: _with_texts(one, depth - 1) for name, one in value.items()
        }
    return value


def once(word: str) -> str:
    """A word that chunks of a stream repeated and LangChain joined ("stopstop"), as it was said."""
    if len(word) < 2 * _SHORTEST_WORD:
        return word
    period = (word + word).find(word, 1)
    return word[:period] if period >= _SHORTEST_WORD else word
