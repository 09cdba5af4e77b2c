"""Runs that are open, were over lately, or wait for a human."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final
from uuid import UUID

from steplog._write.steps.run_state import RunState, new_uuid7
from steplog._write.steps.totals import Totals

_MOST_PAST: Final = 256


class Runs:
    """One log's runs in this process: their totals from memory, and which run a resumed thread goes on from."""

    __slots__ = ("_done", "_past", "_waiting", "open")

    def __init__(self) -> None:
        """No run yet."""
        self.open: dict[str, RunState] = {}
        self._done = Totals()
        self._past: OrderedDict[str, Totals] = OrderedDict()
        self._waiting: OrderedDict[Any, str] = OrderedDict()

    def begin(self, run_id: UUID | None) -> RunState:
        """A run begins; under an id of its own where the program used this one before."""
        if run_id is None or run_id.hex[16:] in self.open or run_id.hex[16:] in self._past:
            run_id = new_uuid7()
        run = RunState(run_id)
        self.open[run.hex] = run
        return run

    def over(self, run: RunState) -> None:
        """A run is over; one that stopped for a human is what the next run of its thread resumes."""
        self.open.pop(run.hex, None)
        run.forget()
        self._past[run.hex] = run.totals
        self._done.add(run.totals)
        if len(self._past) > _MOST_PAST:
            self._past.popitem(last=False)
        if run.thread is not None and run.totals.as_dict().get("interrupts"):
            self._waiting[run.thread] = run.hex
            if len(self._waiting) > _MOST_PAST:
                self._waiting.popitem(last=False)

    def waiting_in(self, thread: object) -> str | None:
        """The interrupted run of this thread, which whoever asks now goes on from."""
        return self._waiting.pop(thread, None) if type(thread) is str else None

    def totals(self, run_id: UUID | str | None) -> dict[str, Any]:
        """Counts and sums of one run, or of all; raises `KeyError` for an unknown one."""
        if run_id is None:
            found = Totals()
            for totals in (self._done, *(run.totals for run in tuple(self.open.values()))):
                found.add(totals)
            return found.as_dict()
        short = run_id.hex[16:] if isinstance(run_id, UUID) else run_id.replace("-", "")[-16:]
        run = self.open.get(short)
        return (self._past[short] if run is None else run.totals).as_dict()

    def sizes(self) -> dict[str, int]:
        """How many are held, and how much of what they said."""
        once = sum(len(run.once) for run in tuple(self.open.values()))
        return {"runs": len(self.open), "past": len(self._past), "once": once}
