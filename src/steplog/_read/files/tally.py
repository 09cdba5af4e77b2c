"""A run's totals as the reader counts them, for runs that wrote none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from steplog._format.record import USAGE_FIELDS

if TYPE_CHECKING:
    from steplog._format.record import Json, Record

# As the writer's totals: a provider's own total, where it differs, says nothing of the run's.
_SUMMED: Final = tuple(name for name in USAGE_FIELDS if name != "total_tokens")
_COUNTED_STARTS: Final = {"llm": "llm_calls", "tool": "tool_calls"}
_COUNTED_POINTS: Final = {"retry.point": "retries", "interrupt.point": "interrupts"}


@dataclass(slots=True)
class Tally:
    """Counts kept while a run's lines go by; `open_steps` are those started and not ended."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    models: dict[str, None] = field(default_factory=dict[str, None])
    open_steps: set[int] = field(default_factory=set[int])

    def note(self, record: Record) -> None:
        """Counts one step line."""
        kind, _, what = record["ev"].partition(".")
        step = record.get("step")
        if what == "start" or (record.get("start_lost") and step not in self.open_steps):
            self._add("steps")
            self._add(_COUNTED_STARTS.get(kind, ""))
        if what == "start" and step is not None:
            self.open_steps.add(step)
        elif what == "point":
            self._add("steps")
            self._add(_COUNTED_POINTS.get(record["ev"], ""))
        elif what == "end":
            self._note_end(record, step)
        model = record.get("model")
        if kind == "llm" and isinstance(model, str):
            self.models[model] = None

    def _note_end(self, record: Record, step: int | None) -> None:
        self.open_steps.discard(step or 0)
        error = record.get("error")
        # A step that an error only passes through names where it came from: the error counts once, there.
        if record.get("status") == "error" and not (isinstance(error, dict) and "step" in error):
            self._add("errors")
        usage = record.get("usage")
        if isinstance(usage, dict) and not record.get("cached"):
            for name in _SUMMED:
                value = usage.get(name)
                self._add(name, value if isinstance(value, int) else 0)

    def _add(self, name: str, amount: int = 1) -> None:
        if name and amount:
            self.counts[name] = self.counts.get(name, 0) + amount

    def totals(self) -> dict[str, Json]:
        """In the shape of the format's `totals`: zeros left out."""
        return {**self.counts, **({"models": list(self.models)} if self.models else {})}
