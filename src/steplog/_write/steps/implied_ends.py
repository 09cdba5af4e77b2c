"""Ends that nobody tells: of steps below one that ends, of what is open at the close, and where too many are open."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Protocol

from steplog._write.said.run_memory import BoundReachedError
from steplog._write.steps.open_steps import OpenSteps
from steplog._write.steps.states import StepState

MOST_OPEN: Final = (
    20_000  # in a recorder: a program that opens steps and never ends them must not fill the memory
)


class Ender(Protocol):
    """Who ends steps, and writes into the log what went wrong."""

    def end(self, key: Hashable, *, status: str | None = None, implied: bool = False) -> None:
        """End a step."""
        ...

    def report(self, where: str, error: BaseException) -> None:
        """Write a `log.error`; never raises."""
        ...


class ImpliedEnds:
    """Ends steps in the place of a framework or program that does not."""

    __slots__ = ("_ender", "_is_bound_told")

    def __init__(self, ender: Ender) -> None:
        """End them by `ender`."""
        self._ender = ender
        self._is_bound_told = False

    def below(self, step: StepState, status: str | None, error: BaseException | None) -> None:
        """End what is open below a step that ends like this."""
        # A framework that cancels an async tool or model sends no end for it (frameworks.md A4).
        is_cancelled = error is not None or status in ("cancelled", "interrupted", "handoff")
        for inner in step.open_below():
            self._ender.end(inner.key, status="cancelled" if is_cancelled else "abandoned", implied=True)

    def all(self, steps: OpenSteps) -> None:
        """End what is still open, run by run: nobody will end it any more."""
        for step in tuple(steps.opened.values()):
            if step.parent is None:
                self._ender.end(step.key, status="abandoned", implied=True)
        for step in tuple(steps.opened.values()):  # begun after their run was over
            self._ender.end(step.key, status="abandoned", implied=True)

    def oldest(self, steps: OpenSteps, beside: StepState | None) -> None:
        """End the step that has been open for the longest time, but for `beside` and those that it is part of."""
        oldest = steps.oldest_beside(beside)
        if oldest is None:
            return
        self._ender.end(oldest.key, status="abandoned", implied=True)
        if not self._is_bound_told:
            self._is_bound_told = True
            words = f"{MOST_OPEN} steps are open; from now on the oldest is ended as abandoned for each that begins"
            self._ender.report("open steps", BoundReachedError(words))
