"""What a model call cost: by the prices of genai-prices, where the extra `query` is installed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._format.record import Json

# As the format's `usage` names them, and genai-prices too.
_COUNTED: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_NOT_FLAT: Final = (-1.0,)


@cache
def are_known() -> bool:
    """Whether costs can be told at all."""
    return find_spec("genai_prices") is not None


def cost(model: str, provider: str, usage: Mapping[str, Json], ts: str) -> float | None:
    """Dollars that a call cost at the prices of its day; None if no price is known for its model."""
    if not are_known() or not model or not usage:
        return None
    counts = tuple(_whole(usage.get(name)) for name in _COUNTED)
    rates = _rates(model, provider, ts[:10])
    if rates is None:
        return None
    if rates == _NOT_FLAT:
        return _asked(model, provider, counts, ts)
    fresh = counts[0] - counts[2] - counts[3]
    return sum(n * rate for n, rate in zip((fresh, *counts[1:]), rates, strict=True))


@lru_cache(maxsize=4096)
def _rates(model: str, provider: str, day: str) -> tuple[float, ...] | None:
    """Dollars a token: of fresh input, output, input read from and written to a cache. To ask for each call costs 70 us.

    None if the model is unknown; `_NOT_FLAT` if a token's price depends on how many there are.
    """
    found: list[float] = []
    for at in range(len(_COUNTED)):
        few, many = (_asked(model, provider, _only(at, n), day) for n in (1_000, 1_000_000))
        if few is None or many is None:
            return None if at == 0 else _NOT_FLAT
        if abs(many - few * 1_000) > many * 1e-9:
            return _NOT_FLAT
        found.append(many / 1_000_000)
    return tuple(found)


def _only(at: int, n: int) -> tuple[int, ...]:
    """So many tokens of one kind; what comes from a cache, and goes into one, is part of the input."""
    counts = [0] * len(_COUNTED)
    counts[at] = n
    counts[0] = n if at != 1 else 0
    return tuple(counts)


def _asked(model: str, provider: str, counts: tuple[int, ...], ts: str) -> float | None:
    # Importing it takes 0.4 s, and only a log with models needs it.
    import genai_prices  # noqa: PLC0415  # pyright: ignore[reportMissingImports] -- an extra

    usage = genai_prices.Usage(**{name: n for name, n in zip(_COUNTED, counts, strict=True) if n})
    # A framework's word for a provider may not be genai-prices' own; most models are known without it.
    for named in dict.fromkeys((provider or None, None)):
        try:
            found = genai_prices.calc_price(
                usage, model_ref=model, provider_id=named, genai_request_timestamp=_moment(ts)
            )
        except (LookupError, ValueError, TypeError, ArithmeticError):
            continue  # an unknown model, or counts that do not fit together
        return float(found.total_price)
    return None


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _moment(ts: str) -> datetime:
    try:
        found = datetime.fromisoformat(ts)
    except ValueError:
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
