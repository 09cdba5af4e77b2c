"""What adapters and owners may ask of a recorder: which steps it knows, what would be written, what a run added up to."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from uuid import UUID

from steplog._format.record import WRITTEN
from steplog._write.settings.settings import Settings
from steplog._write.steps.open_steps import OpenSteps, plain_key
from steplog._write.steps.runs import Runs


class Asked:
    """The part of a recorder that answers and changes nothing."""

    def __init__(self, settings: Settings) -> None:
        """No step is known yet."""
        self.settings = settings
        self._written = WRITTEN[settings.detail]
        self.writes_all = settings.detail == "all"
        self._steps = OpenSteps()
        self._runs = Runs()

    def writes(self, kind: str) -> bool:
        """Whether steps of this kind are written, so that an adapter need not read what would be dropped."""
        return kind in self._written

    def knows(self, key: Hashable) -> bool:
        """Whether a step with this key has started here, and what starts below it belongs to its run."""
        return self._steps.has(key.int if type(key) is UUID else key)

    def is_open(self, key: Hashable) -> bool:
        """Whether a step with this key has started and not ended."""
        return self._steps.get(plain_key(key)) is not None

    def shows(self, key: Hashable) -> bool:
        """Whether the end of this open step would be written, so that its output is worth reading."""
        step = self._steps.opened.get(key.int if type(key) is UUID else key)
        return step is not None and step.number is not None

    def has_open_below(self, key: Hashable) -> bool:
        """Whether steps that started below this open one have not ended."""
        step = self._steps.get(plain_key(key))
        return step is not None and bool(self._steps.below(step))

    def kind_of(self, key: Hashable) -> str | None:
        """The kind of an open step; None where no step of this key is open."""
        step = self._steps.get(plain_key(key))
        return None if step is None else step.kind

    def innermost(self, *keys: Hashable) -> Hashable:
        """Of the keys known here the one farthest below its run, where two frameworks each name a parent; or None."""
        known = [(key, self._steps.known(plain_key(key))) for key in keys]
        depths = [(sum(1 for _ in step.ancestors()), key) for key, step in known if step is not None]
        return max(depths, key=lambda found: found[0])[1] if depths else None

    def totals(self, run_id: UUID | str | None = None) -> dict[str, Any]:
        """Counts and sums of one run by id, or of all runs so far; from memory. Raises `KeyError` for no such run."""
        return self._runs.totals(run_id)

    def sizes(self) -> dict[str, int]:
        """How many things are held in memory, by name; for tests of what stays when all runs are over."""
        return self._steps.sizes() | self._runs.sizes()
