"""What is known of the tokens that calls used: what nobody told is unknown, and not nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._show.units import amount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._format.record import Json
    from steplog._show.views import StepView


def is_untold(step: StepView) -> bool:
    """Whether a model call ended, and must have used tokens, and nobody told how many."""
    if step.kind != "llm" or step.open or step.status == "error" or step.fields.get("cached"):
        return False
    return not any(isinstance(step.usage.get(name), int) for name in ("input_tokens", "output_tokens"))


def untold_calls(steps: Iterable[StepView]) -> int:
    """How many of these steps are such calls."""
    return sum(map(is_untold, steps))


def untold_text(calls: int) -> str:
    """`3 calls without usage`."""
    return f"{calls} call{'' if calls == 1 else 's'} without usage"


def amount_told(tokens: Json, *, is_untold: bool) -> str:
    """A sum of tokens; `?` where it is none and calls told nothing of what they used."""
    return amount(tokens or 0) if tokens or not is_untold else "?"
