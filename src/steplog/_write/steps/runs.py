"""Runs that are open, were over lately, or wait for a human."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Mapping
from typing import Any, Final
from uuid import UUID

from steplog._format.record import Record, Totals
from steplog._write.disk.clock import now_ns
from steplog._write.steps.handed_down import HandedDown
from steplog._write.steps.open_steps import OpenSteps, plain_key
from steplog._write.steps.states import RunState, StepState, new_uuid7
from steplog._write.steps.step_lines import StepLines
from steplog._write.steps.totals import RunTotals
from steplog._write.steps.watch import WATCH

Fields = Mapping[str, Any]
_NO_FIELDS: Final[Fields] = {}
_MOST_PAST: Final = 256
_MOST_NEWEST: Final = 10_000


class Runs:
    """One log's runs in this process: their totals from memory, and which run a resumed thread goes on from."""

    __slots__ = ("_newest", "_past", "_past_sums", "_step_lines", "_waiting", "open")

    def __init__(self, step_lines: StepLines) -> None:
        """No run yet; starts are written by `step_lines`."""
        self._step_lines = step_lines
        self.open: dict[str, RunState] = {}
        self._newest: deque[str] = deque(maxlen=_MOST_NEWEST)
        # Runs that are over, whose tasks may still be at work, and the sums of those before them.
        self._past: OrderedDict[str, RunTotals] = OrderedDict()
        self._past_sums = RunTotals()
        self._waiting: OrderedDict[Any, str] = OrderedDict()  # thread -> the run that waits for a human

    def begin(self, run_id: UUID | None) -> RunState:
        """A run begins; under an id of its own where the program used this one before."""
        own = run_id or new_uuid7()
        short = own.hex[16:]
        if short in self.open or short in self._past:
            short = new_uuid7().hex[16:]
        run = self.open[short] = RunState(own, short)
        self._newest.append(short)
        return run

    def begun_after(self, run: str | None) -> tuple[str, ...]:
        """The ids of the runs that began after this one, oldest first, of the newest ten thousand; without one, of all."""
        ids = tuple(self._newest)
        return ids[ids.index(run) + 1 :] if run in ids else ids

    def start(
        self,
        root: StepState,
        parent: Hashable,
        steps: OpenSteps,
        fields: Fields,
        run_fields: Fields,
        own_fields: Fields,
        *,
        resuming: bool = False,
    ) -> None:
        """Write the start of a run, whose first step `root` was called by the step `parent`, if by any."""
        run = root.run
        run.thread = run_fields.get("thread")
        root.handed_down = HandedDown(run_fields.get("tags") or (), run_fields.get("metadata") or {})
        steps.opened[root.key] = root
        record: Record = {"run": run.hex, "ev": "run.start", "id": str(run.uuid), **own_fields}
        if type(run.thread) is str and (waiting := self._waiting.pop(run.thread, None)) and resuming:
            record["resumes"] = waiting
        if WATCH.guards is not None:
            around = self.open.get(str(run_fields.get("parent_run")))
            WATCH.guards.begun(run, root.name, around, record.get("resumes"), resuming=resuming)
        if parent is not None:
            record |= steps.elsewhere(parent)
        self._step_lines.start_run(root, record, run_fields, fields)
        root.began = 0 if "start_lost" in own_fields else now_ns()

    def start_in_place_of(self, key: Hashable, steps: OpenSteps) -> StepState:
        """A run begins in the place of a step that is not known here; it ends when that step does."""
        inherited = steps.inherited.get(plain_key(key))
        name = None if inherited is None else inherited.name
        root = StepState(plain_key(key), "run", name, self.begin(None), None)
        first = steps.opened.setdefault(root.key, root)
        if first is root:
            self.start(root, key, steps, _NO_FIELDS, _NO_FIELDS, _NO_FIELDS)
        else:  # another thread was faster
            self.open.pop(root.run.hex, None)
        return first

    def end(
        self,
        root: StepState,
        status: str | None,
        error: BaseException | None,
        error_fields: Fields,
        fields: dict[str, Any],
    ) -> None:
        """Write the end of a run's first step, and of the run."""
        try:
            self._step_lines.end(root, status, error, error_fields, fields)
        finally:
            self.over(root.run)

    def over(self, run: RunState) -> None:
        """A run is over; one that waits for a human is what the next run of its thread resumes."""
        run.forget()
        if self.open.pop(run.hex, None) is None:
            return  # its end was only implied before
        if run.budget is not None:
            run.budget.over(run)
        self._past[run.hex] = run.totals
        if len(self._past) > _MOST_PAST:
            self._past_sums.add(self._past.popitem(last=False)[1])
        if run.totals.waits and type(run.thread) is str:
            self._waiting[run.thread] = run.hex
            if len(self._waiting) > _MOST_PAST:
                self._waiting.popitem(last=False)

    def totals(self, run_id: UUID | str | None) -> Totals:
        """Counts and sums of one run, or of all; raises `KeyError` for an unknown one."""
        if run_id is None:
            everything = RunTotals()
            for totals in (
                self._past_sums,
                *self._past.values(),
                *(run.totals for run in tuple(self.open.values())),
            ):
                everything.add(totals)
            return everything.as_dict()
        short = run_id.hex[16:] if isinstance(run_id, UUID) else run_id.replace("-", "")[-16:]
        run = self.open.get(short)
        return (self._past[short] if run is None else run.totals).as_dict()

    def sizes(self) -> dict[str, int]:
        """How many are held, and how much of what they said."""
        memory = sum(len(run.memory) for run in tuple(self.open.values()))
        return {"runs": len(self.open), "past": len(self._past), "memory": memory}
