"""What a run added up to, kept from memory as it happens."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import Any, Final

from steplog._format.record import USAGE_FIELDS

_COUNTED = {"llm": "llm_calls", "tool": "tool_calls", "retry": "retries", "interrupt": "interrupts"}

MANY: Final = 1000
_SUMMED = frozenset(USAGE_FIELDS) - {"total_tokens"}


class Totals:
    """Counts of steps, calls and errors, sums of tokens, and the models that answered."""

    __slots__ = ("_lock", "_models", "_sums", "counted")

    def __init__(self) -> None:
        """All zero."""
        self._sums: dict[str, int] = {}
        self._models: dict[str, None] = {}
        self._lock = threading.RLock()  # adding is a read and a write: two threads would lose a count
        # The kinds of steps that were begun and are not in the sums yet. Appending is one C call, which no thread cuts
        # in two, and no call of ours; whoever appends calls `sum_up` when there are more than `MANY`.
        self.counted: deque[str] = deque()

    def sum_up(self) -> None:
        """Put what was counted into the sums."""
        sums, kinds = self._sums, list[str]()
        with self._lock:
            with suppress(IndexError):  # a signal handler may have taken what was there a moment ago
                while True:
                    kinds.append(self.counted.popleft())
            sums["steps"] = sums.get("steps", 0) + len(kinds)
            for kind, name in _COUNTED.items():
                if kind in kinds:
                    sums[name] = sums.get(name, 0) + kinds.count(kind)
            if "resume" in kinds and sums.get("interrupts"):
                # Answered within the run: nothing waits any more when it ends.
                sums["interrupts"] = max(0, sums["interrupts"] - kinds.count("resume"))

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
        other.sum_up()
        sums = self._sums
        with self._lock:
            for name, value in tuple(other._sums.items()):
                sums[name] = sums.get(name, 0) + value
        self._models.update(other._models)

    def as_dict(self) -> dict[str, Any]:
        """Counts and sums by name, zeros left out; `models` as a list."""
        self.sum_up()
        out: dict[str, Any] = {name: value for name, value in tuple(self._sums.items()) if value}
        if self._models:
            out["models"] = list(self._models)
        return out

    def _add(self, name: str, value: int) -> None:
        with self._lock:
            self._sums[name] = self._sums.get(name, 0) + value
