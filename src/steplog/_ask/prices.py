"""What a model's tokens cost, by date: the project's own prices first, then those of genai-prices."""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Final

from steplog._ask import price_library
from steplog._ask.own_prices import OwnPrice, OwnPrices, own_prices
from steplog._format.project import project

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from steplog._ask.said import Usage

INSTALL: Final = "no price data: pip install 'steplog[query]'"
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars a call and a token. `cache_read`, `cache_write` and `reasoning` are what a token costs *more* (or, below
    zero, less) for being one of those: it is an input or output token as well.
    """

    call: Decimal = _NOTHING
    input: Decimal = _NOTHING
    output: Decimal = _NOTHING
    cache_read: Decimal = _NOTHING
    cache_write: Decimal = _NOTHING
    reasoning: Decimal = _NOTHING

    def price(self, usage: Usage, calls: int = 1) -> Decimal:
        """The price of so many calls that used so many tokens together, in US dollars."""
        return (
            self.call * calls
            + self.input * usage.input
            + self.output * usage.output
            + self.cache_read * usage.cache_read
            + self.cache_write * usage.cache_write
            + self.reasoning * usage.reasoning
        )


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of one model.

    `thresholds`: a call with more input tokens than one of these is priced by the next tier, as a whole. `changes`: how
    finely its prices follow the time (`never`, `daily`, `hourly`: in steps of 15 minutes). `rates(when, tier)` are the
    rates at a time, in the tier of that number.
    """

    source: str
    thresholds: tuple[int, ...]
    changes: str
    rates: Callable[[datetime | None, int], Rates]

    def tier(self, input_tokens: int) -> int:
        """The number of the tier for a call with so many input tokens."""
        return sum(input_tokens > start for start in self.thresholds)


def tariff(model: str, provider: str) -> Tariff | str:
    """The prices of a model at a provider (which may be empty), or in words why there are none.

    Raises: PriceError if the project's own prices cannot be used.
    """
    own = _own()
    found = next((prices for name, prices in own.prices if fnmatchcase(model, name)), None)
    if found is not None:
        return Tariff(f"prices of {own.file}", (), "daily" if len(found) > 1 else "never", _by_date(found))
    return _library_tariff(model, provider)


def price_sources() -> tuple[str, ...]:
    """Where prices are taken from: the project's file where it has some, and the library with its version."""
    own = _own()
    version = price_library.version()
    return (
        *((f"prices of {own.file}",) if own.prices else ()),
        *((f"genai-prices {version}",) if version else ()),
    )


def price_of(usage: Usage, model: str, provider: str, when: datetime | None) -> Decimal | str:
    """What one call cost, in US dollars, or in words why that is not known."""
    problem = usage.problem
    if problem:
        return problem
    found = tariff(model, provider)
    return found if isinstance(found, str) else found.rates(when, found.tier(usage.input)).price(usage)


def _own() -> OwnPrices:
    return _own_in(project(os.environ).file)


@cache
def _own_in(file: str) -> OwnPrices:
    del file  # the project's, which is read once, too
    return own_prices(os.environ)


def _by_date(prices: tuple[OwnPrice, ...]) -> Callable[[datetime | None, int], Rates]:
    def rates(when: datetime | None, tier: int) -> Rates:
        del tier
        day = when.date().isoformat() if when is not None else ""
        price = next((each for each in reversed(prices) if each.since <= day or not day), prices[0])
        return Rates(
            input=price.input,
            output=price.output,
            cache_read=_NOTHING if price.cache_read is None else price.cache_read - price.input,
            cache_write=_NOTHING if price.cache_write is None else price.cache_write - price.input,
        )

    return rates


@cache
def _library_tariff(model: str, provider: str) -> Tariff | str:
    if not price_library.version():
        return INSTALL
    found = price_library.model_prices(model, provider)
    if isinstance(found, str):
        return found

    @cache
    def rates(when: datetime | None, tier: int) -> Rates:
        return Rates(*found.rates(when, tier))

    def coarse(when: datetime | None, tier: int) -> Rates:
        if found.changes == "never":
            when = None
        elif when is not None:
            minute = when.minute // 15 * 15 if found.changes == "hourly" else 0
            hour = when.hour if found.changes == "hourly" else 0
            when = when.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return rates(when, tier)

    return Tariff(f"genai-prices {price_library.version()}", found.thresholds, found.changes, coarse)
