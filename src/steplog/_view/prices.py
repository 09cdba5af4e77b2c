"""What a model call cost, as `steplog cost` says it: by the project's own prices and genai-prices (the extra `query`)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from steplog._ask.said import Usage
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._ask.prices import Rates, Tariff
    from steplog._format.record import Json

_NAMES: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
_NOTHING: Final = Usage()


@cache
def are_known() -> bool:
    """Whether costs can be told at all."""
    if find_spec("genai_prices") is not None:
        return True  # without importing it, which takes 0.2 s
    from steplog._ask.prices import price_sources  # noqa: PLC0415 -- as a page without models needs none

    with suppress(LogError):  # the project's own prices cannot be used: `steplog cost` says why
        return bool(price_sources())
    return False


def cost(model: str, provider: str, usage: Mapping[str, Json], ts: str) -> float | None:
    """Dollars that a call cost at the prices of its day; None if no price is known for it."""
    if not model or not usage or not are_known():
        return None
    used = Usage(*(_whole(usage.get(name)) for name in _NAMES))
    found = None if used == _NOTHING or used.problem else _tariff(model, provider)
    if found is None:
        return None
    # Prices that change within a day are looked up by the quarter of an hour, others by the day.
    known_by = ts[:16] if found.changes == "hourly" else ts[:10] if found.changes == "daily" else ""
    return float(_rates(found, known_by, found.tier(used.input)).price(used))


@lru_cache(maxsize=4096)
def _tariff(model: str, provider: str) -> Tariff | None:
    from steplog._ask.prices import tariff  # noqa: PLC0415 -- as the import above

    with suppress(LogError):  # as above
        found = tariff(model, provider)
        return None if isinstance(found, str) else found
    return None


@lru_cache(maxsize=4096)
def _rates(found: Tariff, ts: str, tier: int) -> Rates:
    return found.rates(_moment(ts), tier)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _moment(ts: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(ts)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
