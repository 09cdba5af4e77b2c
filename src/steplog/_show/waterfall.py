"""When each step of a run was at work: a bar on the time axis of the whole run."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from steplog._show.look import Look
    from steplog._show.views import RunView, StepView

_CELLS: Final = 10
_FULL: Final = ("━", "╾", "·", "╌")  # at work, began and never ended, a moment, still at work
_ASCII: Final = ("=", ">", ".", "-")
_COLOURS: Final = {"llm": "blue", "tool": "green", "retriever": "green", "agent": "magenta"}


class Waterfall:
    """The time axis of one run; `cells` is how wide its bars are, 0 where bars would say nothing."""

    def __init__(self, run: RunView, look: Look) -> None:
        self._look = look
        self._start: datetime | None = run.started
        self._ms = run.ms or 0
        self._is_running = run.status == "running"
        is_worth_it = self._start is not None and self._ms > 0 and len(run.steps) > 1
        self.cells = _CELLS if is_worth_it and look.has_bars else 0

    def bar(self, step: StepView) -> str:
        """The step's bar with a blank behind it; empty where there are none."""
        if not self.cells:
            return ""
        if self._start is None or step.started is None:
            return " " * (self.cells + 1)
        full, begun, moment, still = _ASCII if self._look.is_ascii else _FULL
        begin = (step.started - self._start).total_seconds() * 1000 / self._ms
        at = min(max(int(begin * self.cells), 0), self.cells - 1)
        if step.ms is None:
            # What never ended is not drawn as if it had worked on: nobody knows.
            is_open = step.status in ("running", "crashed", "unfinished")
            drawn = begun + (still * (self.cells - at - 1) if self._is_running else "") if is_open else moment
        else:
            end = min(ceil((begin + step.ms / self._ms) * self.cells - 1e-6), self.cells)
            drawn = full * max(end - at, 1)
        colour = "red" if step.error is not None else _COLOURS.get(step.kind)
        return " " * at + self._look.paint(drawn, colour) + " " * (self.cells - at - len(drawn) + 1)
