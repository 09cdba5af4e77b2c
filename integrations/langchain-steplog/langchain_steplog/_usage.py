"""Tokens in the format's words, from LangChain's own counts or a provider's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Fields = dict[str, Any]
_NOTHING: Final[Mapping[str, Any]] = {}


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
        lived = [_detail(into, f"ephemeral_{time}_input_tokens") for time in ("5m", "1h")]
        found["cache_write_tokens"] = _detail(into, "cache_creation") or sum(lived)
        found["cache_write_5m_tokens"], found["cache_write_1h_tokens"] = lived
        found["input_audio_tokens"] = _detail(into, "audio")
    if type(out) is dict and out:
        found["reasoning_tokens"] = _detail(out, "reasoning")
        found["output_audio_tokens"] = _detail(out, "audio")
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
    lived = _mapping(raw.get("cache_creation"))
    into = _mapping(raw.get("prompt_tokens_details"))
    out = _mapping(raw.get("completion_tokens_details"))
    return {
        "input_tokens": sum(n for n in (given, *apart) if type(n) is int) if type(given) is int else None,
        "output_tokens": raw.get("completion_tokens", raw.get("output_tokens")),
        "cache_read_tokens": into.get("cached_tokens") or apart[0],
        "cache_write_tokens": apart[1],
        "cache_write_5m_tokens": lived.get("ephemeral_5m_input_tokens"),
        "cache_write_1h_tokens": lived.get("ephemeral_1h_input_tokens"),
        "reasoning_tokens": out.get("reasoning_tokens"),
        "input_audio_tokens": into.get("audio_tokens"),
        "output_audio_tokens": out.get("audio_tokens"),
        "total_tokens": raw.get("total_tokens"),
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if type(value) is dict else _NOTHING
