"""What a guard allows, and in words how much of it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from steplog._ask.prices import INSTALL, price_sources
from steplog._show.units import amount
from steplog._write.settings.settings import SettingsError

Per = Literal["run", "thread"]
Name = Literal["max_tokens", "max_cost", "max_steps", "max_seconds", "loops"]
NEAR: Final = 0.8


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used: tokens read and written, US dollars, steps, seconds."""

    tokens: int = 0
    cost: float = 0.0
    steps: int = 0
    seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(
            self.tokens + other.tokens,
            self.cost + other.cost,
            self.steps + other.steps,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Used:
    """How much of one limit is used."""

    limit: Name
    spent: float
    allowed: float
    words: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a guard allows; None allows anything. See `steplog.guard`."""

    max_tokens: int | None
    max_cost: float | None
    max_steps: int | None
    max_seconds: float | None
    loops: int | None

    def check(self) -> None:
        """Raises `SettingsError` for what cannot be."""
        for name in ("max_tokens", "max_cost", "max_steps", "max_seconds"):
            value = getattr(self, name)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int | float) or value <= 0
            ):
                raise SettingsError(f"guard: {name} must be a number above 0, or None; it is {value!r}")
        if self.loops is not None and (type(self.loops) is not int or self.loops < 2):
            raise SettingsError(
                f"guard: loops must be a whole number from 2 on, or None; it is {self.loops!r}"
            )
        if self.max_cost is not None and not price_sources():
            raise SettingsError(f"guard: max_cost: {INSTALL}")

    def used(self, spent: Spent) -> list[Used]:
        """Each limit that there is, the one that is used most first."""
        found: list[Used] = []
        if self.max_tokens is not None:
            words = f"{amount(spent.tokens)} of {amount(self.max_tokens)} tokens"
            found.append(Used("max_tokens", spent.tokens, self.max_tokens, words))
        if self.max_cost is not None:
            words = f"${spent.cost:.4f} of ${self.max_cost:.4f}"
            found.append(Used("max_cost", spent.cost, self.max_cost, words))
        if self.max_steps is not None:
            words = f"{spent.steps} of {self.max_steps} steps"
            found.append(Used("max_steps", spent.steps, self.max_steps, words))
        if self.max_seconds is not None:
            words = f"{spent.seconds:.1f} of {self.max_seconds:g} seconds"
            found.append(Used("max_seconds", spent.seconds, self.max_seconds, words))
        return sorted(found, key=lambda used: used.spent / used.allowed, reverse=True)
