"""The one door to genai-prices: which prices a model has, as rates a token, taken from the library's own arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.moments import EPOCH

if TYPE_CHECKING:
    from datetime import datetime

_ALIASES: Final = {
    "azure.ai.openai": "azure"
}  # OpenTelemetry's word, which the library takes for OpenAI itself


@dataclass(frozen=True, slots=True)
class ModelPrices:
    """A model's prices in the library: from how many input tokens on they differ, and how they follow the time."""

    thresholds: tuple[int, ...]
    changes: str
    _model: Any

    def rates(self, when: datetime | None, tier: int) -> tuple[Decimal, ...]:
        """A call, then a token more of: input, output, cache read, cache write, reasoning; US dollars.

        Within a tier the library's price is linear in each count, so that the differences of its own prices are the rates:
        a test compares sums by rates with the library's prices for every model that it knows.
        """
        prices = self._model.get_prices(when or EPOCH)
        usage = _library().Usage
        base = self.thresholds[tier - 1] + 1 if tier else 1

        def price(**more: int) -> Decimal:
            counts = {"input_tokens": base + more.pop("input_tokens", 0), **more}
            return prices.calc_price(usage(**counts))["total_price"]

        nothing, one = prices.calc_price(usage(input_tokens=0))["total_price"], price()
        added = (
            price(input_tokens=1) - one,
            price(output_tokens=1) - one,
            price(cache_read_tokens=1) - one,
            price(cache_write_tokens=1) - one,
            price(output_tokens=1, output_reasoning_tokens=1) - price(output_tokens=1),
        )
        return (nothing, *added)


@cache
def _library() -> Any:
    try:
        import genai_prices  # noqa: PLC0415 - 0.15 s, and an extra: only who asks for prices pays
    except ImportError:
        return None
    return genai_prices


def version() -> str:
    """The library's version, which is that of its prices; empty if it is not installed."""
    library = _library()
    return "" if library is None else str(library.__version__)


def model_prices(model: str, provider: str) -> ModelPrices | str:
    """The prices of a model, or in words why the library has none."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - as the library itself

    if not model:
        return "the log names no model"
    known = _ALIASES.get(provider, provider) or None
    try:
        _, found = get_snapshot().find_provider_model(model, None, known, None)
    except LookupError:
        return "not in the price data"
    return ModelPrices(_thresholds(found), _changes(found), found)


def _conditions(model: Any) -> list[tuple[Any, Any]]:
    several = model.prices if isinstance(model.prices, list) else [model]
    return [(getattr(each, "constraint", None), each.prices) for each in several]


def _thresholds(model: Any) -> tuple[int, ...]:
    starts = {
        tier.start
        for _, prices in _conditions(model)
        for price in vars(prices).values()
        for tier in getattr(price, "tiers", ())
    }
    return tuple(sorted(starts))


def _changes(model: Any) -> str:
    constraints = [constraint for constraint, _ in _conditions(model) if constraint is not None]
    if any(not hasattr(constraint, "start_date") for constraint in constraints):
        return "hourly"
    return "daily" if constraints else "never"
