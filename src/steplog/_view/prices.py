"""What a model call cost: by the prices of genai-prices, where the extra `query` is installed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._format.record import Json

# How genai-prices names what the format's `usage` holds.
_COUNTS: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
}


@cache
def are_known() -> bool:
    """Whether costs can be told at all."""
    return find_spec("genai_prices") is not None


def cost(model: str, provider: str, usage: Mapping[str, Json], ts: str) -> float | None:
    """Dollars that a call cost at the prices of its day; None if no price is known for its model."""
    if not are_known() or not model or not usage:
        return None
    counts = {name: usage[ours] for ours, name in _COUNTS.items() if isinstance(usage.get(ours), int)}
    try:
        return _asked(model, provider or None, counts, _moment(ts))
    except (LookupError, ValueError, TypeError, ArithmeticError):
        return None  # an unknown model, or counts that do not fit together: "unpriced" is the answer


def _asked(model: str, provider: str | None, counts: dict[str, Any], when: datetime) -> float | None:
    # Importing it takes 0.4 s, and only a log with models needs it.
    import genai_prices  # noqa: PLC0415  # pyright: ignore[reportMissingImports] -- an extra

    usage = genai_prices.Usage(**counts)
    try:
        found = genai_prices.calc_price(
            usage, model_ref=model, provider_id=provider, genai_request_timestamp=when
        )
    except LookupError:
        if provider is None:
            raise
        # A framework's word for a provider may not be genai-prices' own; most models are known without it.
        found = genai_prices.calc_price(usage, model_ref=model, genai_request_timestamp=when)
    return float(found.total_price)


def _moment(ts: str) -> datetime:
    try:
        return datetime.fromisoformat(ts)
    except ValueError:
        return datetime.now(UTC)
