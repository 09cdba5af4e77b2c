"""Models of a log that no price is known for: their calls are in no cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from steplog._ask.prices import price_sources, tariff
from steplog._read.audit import Finding
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHOWN: Final = 5


def unpriced(models: Mapping[tuple[str, str], int]) -> Iterator[Finding]:
    """What is to be said of models, each with its provider and its calls; nothing where no prices are there at all."""
    try:
        if not models or not price_sources():
            return
        unknown: Counter[str] = Counter()
        for (model, provider), calls in models.items():
            if isinstance(tariff(model, provider), str):
                unknown[model or "unknown model"] += calls
    except LogError as error:
        yield Finding("bad_prices", 1, f"what models cost cannot be told: {error}")
        return
    if unknown:
        named = ", ".join(f"{model} {calls}" for model, calls in unknown.most_common(_SHOWN))
        more = f" and {len(unknown) - _SHOWN} more models" if len(unknown) > _SHOWN else ""
        text = f"model calls that no price is known for, which are in no cost: {unknown.total()} ({named}{more}): [tool.steplog.prices] in pyproject.toml"
        yield Finding("no_price", unknown.total(), text)
