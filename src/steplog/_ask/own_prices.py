"""The project's own prices, for local and private models: `[tool.steplog.prices]` in pyproject.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._format.project import project
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLION: Final = 1_000_000
_NAMES: Final = ("input", "output", "cache_read", "cache_write")


class PriceError(LogError, ValueError):
    """The project's own prices cannot be used; the text names the file and the model."""


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """US dollars a token, from a day on (`since`, empty: always); what is None costs what an input token costs."""

    since: str
    input: Decimal
    output: Decimal
    cache_read: Decimal | None
    cache_write: Decimal | None


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """The file they stand in, and for each model's name, in which `*` stands for anything, its prices by date."""

    file: str
    prices: tuple[tuple[str, tuple[OwnPrice, ...]], ...]


def own_prices(environ: Mapping[str, str]) -> OwnPrices:
    """The prices of the project around this process.

    ```toml
    [tool.steplog.prices]                                   # US dollars a million tokens
    "llama3*" = { input = 0, output = 0 }
    "tuned-7b" = [{ input = 0.4, output = 1.2 }, { since = 2026-03-01, input = 0.3, output = 1.0, cache_read = 0.03 }]
    ```

    Raises: PriceError.
    """
    here = project(environ)
    table = here.table.get("prices")
    return _parsed(here.file, table) if table is not None else OwnPrices("", ())


def _parsed(file: str, table: Any) -> OwnPrices:
    if not isinstance(table, dict):
        raise PriceError(f"{file}: tool.steplog.prices is no table")
    models = cast("dict[str, Any]", table)
    return OwnPrices(file, tuple((name, _prices(file, name, value)) for name, value in models.items()))


def _prices(file: str, name: str, value: Any) -> tuple[OwnPrice, ...]:
    several = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not several or not all(isinstance(each, dict) for each in several):
        raise PriceError(f"{file}: tool.steplog.prices.{name}: write {{ input = 0.4, output = 1.2 }}")
    return tuple(sorted((_price(file, name, each) for each in several), key=lambda price: price.since))


def _price(file: str, name: str, entry: dict[str, Any]) -> OwnPrice:
    unknown = [key for key in entry if key not in (*_NAMES, "since")]
    since = entry.get("since", "")
    counts = {key: entry[key] for key in _NAMES if key in entry}
    bad = [key for key, price in counts.items() if not isinstance(price, int | float) or price < 0]
    if (
        unknown
        or bad
        or not (since == "" or isinstance(since, date))
        or not {"input", "output"} <= counts.keys()
    ):
        raise PriceError(
            f"{file}: tool.steplog.prices.{name}: allowed are input, output (both needed), cache_read, cache_write, "
            "in US dollars a million tokens, and since, a date"
        )
    rates = {key: Decimal(str(price)) / _MILLION for key, price in counts.items()}
    return OwnPrice(
        since.isoformat()[:10] if isinstance(since, date) else "",
        rates["input"],
        rates["output"],
        rates.get("cache_read"),
        rates.get("cache_write"),
    )
