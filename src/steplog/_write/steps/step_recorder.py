"""Facts about steps to records: numbers, parents, durations, totals, ends that never came."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final
from uuid import UUID

from steplog._format.record import CALLS, POINTS, Record
from steplog._write.disk.clock import CLOCK, ms_since, now_ns
from steplog._write.guard import contained, guarded, untold
from steplog._write.said.line_writer import LineWriter
from steplog._write.settings.settings import Settings
from steplog._write.steps.handed_down import HandedDown
from steplog._write.steps.labels import labelled
from steplog._write.steps.open_steps import OpenSteps, plain_key
from steplog._write.steps.run_state import Open
from steplog._write.steps.runs import Runs
from steplog._write.steps.step_lines import StepLines

Fields = Mapping[str, Any]
_NO_FIELDS: Final[Fields] = {}


class StepRecorder(StepLines):
    """Turns the starts, ends and points that an adapter reports into lines.

    An adapter names steps by keys of its own (any hashable value); numbers, parents, durations and totals are made
    here. Every method returns whatever happens: a failure of ours costs fields or a line and leaves a `log.error`.
    """

    def __init__(self, settings: Settings, lines: LineWriter) -> None:
        """Record under `settings` to `lines`."""
        super().__init__(settings, lines)

    # -- what adapters report

    def start(
        self,
        key: Hashable,
        kind: str,
        name: str | None,
        *,
        parent: Hashable = None,
        fields: Fields = _NO_FIELDS,
        run_fields: Fields = _NO_FIELDS,
        run_id: UUID | None = None,
        attempt_of: Hashable = None,
        resuming: bool = False,
        in_agent: bool = False,
        below_only: bool = False,
        handed_down: HandedDown | None = None,
    ) -> bool:
        """A step begins. Without a known `parent` it begins a run of its own, which `run_fields` describe.

        The line is in the kernel when this returns. A key that is open already is the same step seen by a second
        handler, and is not written again. `attempt_of` names what is tried (below the same parent): a step of it that
        follows a failed one is numbered as the next attempt. With `resuming` a new run says which interrupted run of
        its thread it goes on from. With `in_agent` a parent that was taken for plumbing is an agent: it has such steps.
        With `below_only` nothing is begun where the parent is not known, and False is given. `handed_down` are the tags
        and metadata that hold here; those are written that the step does not have from the one around it.
        """
        try:
            steps = self._steps
            if type(key) is UUID:
                key = key.int
            if key in steps.opened:
                return True
            above_key = parent.int if type(parent) is UUID else parent
            above = None if parent is None else steps.opened.get(above_key) or steps.known(above_key)
            if above is None:
                if not below_only:
                    self._start_run(key, kind, name, parent, fields, run_fields, run_id, resuming=resuming)
                return not below_only
            if in_agent and above.kind == "chain":
                self._promote(above, "agent")
            step = Open(key, kind, name, run := above.run, above, handed_down)
            steps.opened[key] = run.open[key] = above.inner[key] = step
            if attempt_of is not None:
                step.attempt_of = (above.key, kind, attempt_of)
                if run.failed:
                    step.attempt = run.attempt(step.attempt_of)
            if kind in self._written:
                step.began = CLOCK[0]()  # for an end without a start line, should this fail
                self._write_start(step, fields)
            step.began = CLOCK[0]()
        except Exception as error:  # noqa: BLE001 - as `guarded`, whose wrapper would be felt in every hook
            try:
                self.report("StepRecorder.start", error)
            except Exception:  # noqa: BLE001 - as there
                untold("StepRecorder.start")
        return True

    def end(  # noqa: C901, PLR0912 - one function, as a hook for each step comes by here and calls would be felt
        self,
        key: Hashable,
        *,
        status: str | None = None,
        error: BaseException | None = None,
        error_fields: Fields = _NO_FIELDS,
        fields: dict[str, Any] | None = None,
        read: Callable[[Any], dict[str, Any]] | None = None,
        given: Any = None,
        kind: str | None = None,
        parent: Hashable = None,
    ) -> None:
        """A step is over. `status` None means ok, or "error" where there is an `error`.

        `fields` are used up. With `read` they are what it gives for `given`, and a status among them counts; it is
        called only where the end will be written, and what it raises costs the fields. `error_fields` add to the
        error what its class keeps of a provider's answer. `asks` among the fields are the ids of tool calls that a
        model asked for. An end whose start the framework lost is written as a step of its own, if `kind` says what
        it was; a real end after one that was implied is written too.
        """
        try:
            steps = self._steps
            step = steps.opened.get(key.int if type(key) is UUID else key)
            if fields is None:
                fields = {}
            if read is not None and (step is None or step.number is not None):
                try:
                    fields = read(given)
                except Exception as failure:  # noqa: BLE001 - as `contained`, whose call would be felt
                    self.report(read.__name__, failure)
                else:
                    status = fields.pop("status", status)
            if step is None:
                if "implied" not in fields:  # else another thread was first
                    self._end_late(plain_key(key), status, error, error_fields, fields, kind, parent)
                return
            if step.answered and status in ("cancelled", "abandoned"):
                status = error = None
            is_root = step.run.root is step
            if step.inner or is_root:
                # A framework that cancels an async tool or model sends no end for it (frameworks.md A4).
                for inner in steps.below(step):
                    self.end(inner.key, status=_implied(status, error), fields={"implied": True})
            if not steps.close(step, implied="implied" in fields):
                return
            if step.noted:
                fields = {**step.noted, **fields}
            self._write_end(step, status, error, error_fields, fields)
            if is_root:
                self._end_run(step, status, error, error_fields, fields)
        except Exception as failure:  # noqa: BLE001 - as in `start`
            try:
                self.report("StepRecorder.end", failure)
            except Exception:  # noqa: BLE001 - as in `guarded`
                untold("StepRecorder.end")

    def _end_late(
        self,
        key: Hashable,
        status: str | None,
        error: BaseException | None,
        error_fields: Fields,
        fields: dict[str, Any],
        kind: str | None,
        parent: Hashable,
    ) -> None:
        """The end of a step that is not open: it was implied before, or the framework lost the start."""
        late = self._steps.take_implied(key)
        if late is not None:
            self._write_end(late, status, error, error_fields, fields)
            if late.run.hex not in self._runs.open:
                late.run.forget()  # a run that was over must not hold its messages again
        elif kind is not None and self._steps.known(key) is None and self._steps.inherited(key) is None:
            self.start(key, kind, None, parent=parent, fields={"start_lost": True})
            if (lost := self._steps.get(key)) is not None:
                lost.began = 0  # nobody knows when it did
            fields = {**fields, "start_lost": True}
            self.end(key, status=status, error=error, error_fields=error_fields, fields=fields)

    @guarded
    def note(self, key: Hashable, *, answered: bool = False, **fields: Any) -> None:
        """Something that an open step's end line shall carry; `answered`: a later cancellation of it means nothing."""
        step = self._steps.get(plain_key(key))
        if step is not None:
            step.noted = {**(step.noted or {}), **fields}
            step.answered = step.answered or answered

    @guarded
    def first_token(self, key: Hashable) -> None:
        """A streamed answer has begun; only the first call of a step counts."""
        step = self._steps.get(plain_key(key))
        if step is None or step.first_ns:
            return
        step.first_ns = now_ns()
        if self.settings.detail == "all" and step.number:
            ttft = ms_since(step.began, step.first_ns)
            head = {"run": step.run.hex, "step": step.number, "ev": "llm.first_token"}
            self.lines.write(step.run, head, {"ttft_ms": ttft})

    @guarded
    def point(
        self, kind: str, *, parent: Hashable, fields: Fields = _NO_FIELDS, once: Hashable = None
    ) -> None:
        """Something happened inside the step `parent`: a retry, an interrupt, a resume, a custom event.

        With `once` it is written for the first of the calls in a run that name the same thing.
        """
        above = self._steps.known(plain_key(parent))
        if above is None or kind not in POINTS:
            return
        run = above.run
        if once is not None:
            if once in run.points:
                return
            run.points.add(once)
        run.totals.counted.append(kind)
        run.totals.sum_up()
        head: Record = {"run": run.hex, "step": run.next_number()}
        if parent_number := above.nearest_written:
            head["parent"] = parent_number
        head["ev"] = f"{kind}.point"
        self.lines.write(run, head, fields)

    @guarded
    def promote(self, key: Hashable, kind: str, *, only: str) -> None:
        """An open step of kind `only` turns out to be of another kind: plumbing that is a nested agent."""
        step = self._steps.get(plain_key(key))
        if step is not None and step.kind == only:
            self._promote(step, kind)

    def _promote(self, step: Open, kind: str) -> None:
        step.kind = kind
        if kind in self._written:
            self._write_start(step, _NO_FIELDS, late=True)

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours as `log.error`; never raises."""
        self.lines.report(where, error)

    # -- what its owners ask

    def after_fork(self) -> None:
        """In a forked child: what was open is the parent's; what starts below it here is a run of its own."""
        self._steps = OpenSteps(self._steps.handed_down())
        self._runs = Runs()

    def close(self) -> None:
        """End what is still open as implied, `abandoned`: nobody will end it any more."""
        for run in tuple(self._runs.open.values()):
            if run.root is not None:
                self.end(run.root.key, status="abandoned", fields={"implied": True})

    # -- starts

    def _start_run(
        self,
        key: Hashable,
        kind: str,
        name: str | None,
        parent: Hashable,
        fields: Fields,
        run_fields: Fields,
        run_id: UUID | None,
        *,
        resuming: bool,
    ) -> None:
        run = self._runs.begin(run_id)
        step = run.root = self._steps.begin(key, kind, name, run)
        run.thread = run_fields.get("thread")
        step.handed_down = HandedDown(run_fields.get("tags") or (), run_fields.get("metadata") or {})
        head: Record = {"id": str(run_id or run.uuid), "name": name, **run_fields}
        waiting = self._runs.waiting_in(run.thread)
        if resuming and waiting is not None:
            head["resumes"] = waiting
        if (inherited := self._steps.inherited(plain_key(parent))) is not None:
            head["parent_run"], head["parent_step"] = inherited
        elif isinstance(parent, UUID):
            head["parent_run"] = parent.hex[
                16:
            ]  # of a tracer that is not ours, or begun before the recording
        is_call = kind in CALLS
        if not is_call:
            step.number, step.kind = 0, "run"
            head |= fields
        told = contained(self, "labels", labelled, run.hex, head) or head
        self.lines.write(run, {"run": run.hex, "ev": "run.start"}, told)
        if is_call:
            self._write_start(step, fields)
        step.began = now_ns()


def _implied(status: str | None, error: BaseException | None) -> str:
    """The status of a step whose end is inferred from that of the step around it."""
    if status in ("cancelled", "interrupted", "handoff") or error is not None:
        return "cancelled"
    return "abandoned"
