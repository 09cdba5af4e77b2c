"""What a run added up to, kept from memory as it happens."""

from __future__ import annotations

import threading
from typing import Any

from steplog._format.record import USAGE_FIELDS

_COUNTED = {"llm": "llm_calls", "tool": "tool_calls", "retry": "retries", "interrupt": "interrupts"}

_SUMMED = frozenset(USAGE_FIELDS) - {"total_tokens"}


class Totals:
    """Counts of steps, calls and errors, sums of tokens, and the models that answered."""

    __slots__ = ("_lock", "_models", "_sums")

    def __init__(self) -> None:
        """All zero."""
        self._sums: dict[str, int] = {}
        self._models: dict[str, None] = {}
        self._lock = threading.RLock()  # adding is a read and a write: two threads would lose a count

    def count(self, kind: str) -> None:
        """One more step of this kind."""
        sums, counted = self._sums, _COUNTED.get(kind)
        with self._lock:
            sums["steps"] = sums.get("steps", 0) + 1
            if counted is not None:
                sums[counted] = sums.get(counted, 0) + 1
            elif kind == "resume" and sums.get("interrupts"):
                sums["interrupts"] -= 1  # answered within the run: nothing waits any more when it ends

    def count_error(self) -> None:
        """One more step that failed."""
        self._add("errors", 1)

    def count_retry(self) -> None:
        """One more step that tries again what failed."""
        self._add("retries", 1)

    def add_call(self, usage: object, model: object) -> None:
        """Add a call's tokens, a dict by name, and the model that answered."""
        if type(usage) is dict and usage:
            sums = self._sums
            with self._lock:
                for name, value in usage.items():
                    if type(value) is int and name in _SUMMED:
                        sums[name] = sums.get(name, 0) + value
        if type(model) is str:
            self._models[model] = None

    def add(self, other: Totals) -> None:
        """Add another's counts to these."""
        for name, value in tuple(other._sums.items()):
            self._add(name, value)
        self._models.update(other._models)

    def as_dict(self) -> dict[str, Any]:
        """Counts and sums by name, zeros left out; `models` as a list."""
        out: dict[str, Any] = {name: value for name, value in tuple(self._sums.items()) if value}
        if self._models:
            out["models"] = list(self._models)
        return out

    def _add(self, name: str, value: int) -> None:
        with self._lock:
            self._sums[name] = self._sums.get(name, 0) + value
