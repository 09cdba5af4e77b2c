"""Facts about steps to records: numbers, parents, durations, totals, ends that never came."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final
from uuid import UUID

from steplog._format.record import POINTS, STEPS, WRITTEN, Totals
from steplog._write.disk.clock import CLOCK, now_ns
from steplog._write.guard import guarded, untold
from steplog._write.misnamed import node_instead_of
from steplog._write.said.line_writer import LineWriter
from steplog._write.settings.settings import Settings
from steplog._write.steps.handed_down import HandedDown
from steplog._write.steps.implied_ends import MOST_OPEN, ImpliedEnds
from steplog._write.steps.open_steps import OpenSteps, plain_key
from steplog._write.steps.runs import Runs
from steplog._write.steps.states import StepState
from steplog._write.steps.step_lines import StepLines

Fields = Mapping[str, Any]
_NO_FIELDS: Final[Fields] = {}
_START_LOST: Final[Fields] = {"start_lost": True}


class StepRecorder:
    """Turns the starts, ends and points that an adapter reports into lines.

    An adapter names steps by keys of its own (any hashable value); numbers, parents, durations and totals are made
    here. Every method returns whatever happens: a failure of ours costs fields or a line and leaves a `log.error`.
    """

    def __init__(self, settings: Settings, lines: LineWriter) -> None:
        """Record under `settings` to `lines`."""
        self.settings = settings
        self.lines = lines
        self.writes_all = settings.detail == "all"
        self.is_closed = False
        self._written = WRITTEN[settings.detail] & STEPS
        self._step_lines = StepLines(settings, lines)
        self._steps = OpenSteps()
        self._runs = Runs(self._step_lines)
        self._implied_ends = ImpliedEnds(self)

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
        answers_calls: str | None = None,
        below_only: bool = False,
        start_lost: bool = False,
        handed_down: HandedDown | None = None,
    ) -> bool:
        """A step begins. Without a known `parent` it begins a run of its own, which `run_fields` describe.

        The line is in the kernel when this returns. A key that is open already is the same step seen by a second
        handler. `attempt_of` names what is tried (below the same parent): a step of it behind a failed one is numbered. A
        run that is `resuming` says which run of its thread it goes on from. With `in_agent` a parent taken for plumbing is
        an agent. A node that calls tools as steps `answers_calls` of this run ("run"), or also of one before ("any"):
        answers without such a step are told as denied. With `below_only` nothing begins where the parent is not known, and
        False is given. With `start_lost` only the end was told. An unknown `kind` is written as a node, and under `extra`;
        of `handed_down` (tags, metadata) what the one around it has not.
        """
        try:
            steps, opened = self._steps, self._steps.opened
            own_fields = _START_LOST if start_lost else _NO_FIELDS
            key = key.int if type(key) is UUID else key
            if key in opened:
                return True
            above_key = parent.int if type(parent) is UUID else parent
            above = None if parent is None else opened.get(above_key) or steps.known(above_key)
            if len(opened) >= MOST_OPEN:
                self._implied_ends.oldest(steps, above)
            if above is None:
                if not below_only:
                    root = StepState(key, kind, name, self._runs.begin(run_id), None)
                    self._runs.start(root, parent, steps, fields, run_fields, own_fields, resuming=resuming)
                return not below_only
            if in_agent and above.kind == "chain":
                self._promote(above, "agent")
            step = opened[key] = StepState(key, kind, name, above.run, above, handed_down)
            (above.run.late if above.state else above.inner)[key] = step
            if answers_calls is not None:
                step.more_fields = {"answers_calls": answers_calls}
            step.tries = None if attempt_of is None else (above.key, kind, attempt_of)
            if kind in self._written:
                self._step_lines.start(step, fields, own_fields)
            elif kind not in STEPS:
                self._start_unknown(step, fields)
            step.began = 0 if start_lost else CLOCK[0]()
        except Exception as error:  # noqa: BLE001 - as `guarded`, whose wrapper would be felt in every hook
            try:
                self.report("StepRecorder.start", error)
            except Exception:  # noqa: BLE001 - at the recursion limit not even this can be told now
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
        implied: bool = False,
    ) -> None:
        """A step is over. `status` None means ok, or "error" where there is an `error`.

        `fields` are used up. With `read` they are what it gives for `given`, and a status among them counts; it is
        called only where the end will be written, and what it raises costs the fields. `error_fields` add to the
        error what its class keeps of a provider's answer. `asks` among the fields are the ids of tool calls that a
        model asked for. An end whose start the framework lost is written as a step of its own, if `kind` says what
        it was. With `implied` nobody said that the step is over; a later real end is written, too.
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
                if not implied:  # else another thread was first
                    self._end_late(plain_key(key), status, error, error_fields, fields, kind, parent)
                return
            if step.has_answer and status in ("cancelled", "abandoned"):
                status = error = None
            if step.inner or step.run.late:
                self._implied_ends.below(step, status, error)
            if steps.close(step, implied=implied):
                if step.parent is None:
                    self._runs.end(step, status, error, error_fields, fields)
                elif step.number is not None or error is not None or status == "error" or step.run.failures:
                    self._step_lines.end(step, status, error, error_fields, fields)
        except Exception as failure:  # noqa: BLE001 - as in `start`
            try:
                self.report("StepRecorder.end", failure)
            except Exception:  # noqa: BLE001 - as in `start`
                untold("StepRecorder.end")

    def _start_unknown(self, step: StepState, fields: Fields) -> None:
        step.kind, fields = node_instead_of(step.kind, fields)
        if step.kind in self._written:
            self._step_lines.start(step, fields)

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
        steps = self._steps
        late = steps.ended_really(key)
        if late is not None:
            self._step_lines.end(late, status, error, error_fields, fields)
            if late.run.hex not in self._runs.open:
                late.run.forget()  # a run that was over must not hold its messages again
        elif kind is not None and steps.known(key) is None and key not in steps.inherited:
            self.start(key, kind, None, parent=parent, start_lost=True)
            self.end(key, status=status, error=error, error_fields=error_fields, fields=fields)

    @guarded
    def note(self, key: Hashable, *, answered: bool = False, **fields: Any) -> None:
        """Something that an open step's end line shall carry; `answered`: a later cancellation of it means nothing."""
        step = self._steps.get(key)
        if step is not None:
            step.more_fields = {**(step.more_fields or {}), **fields}
            step.has_answer = step.has_answer or answered

    @guarded
    def first_token(self, key: Hashable) -> None:
        """A model's streamed answer has begun; only the first call of a step counts."""
        step = self._steps.get(key)
        if step is None or step.first_token_at or step.kind != "llm":
            return
        step.first_token_at = now_ns()
        if self.writes_all and step.number:
            self._step_lines.first_token(step)

    @guarded
    def point(
        self, kind: str, *, parent: Hashable, fields: Fields = _NO_FIELDS, once: Hashable = None
    ) -> None:
        """Something happened inside the step `parent`: a retry, an interrupt, a resume, a custom event.

        Below a step that is not known here, as another process began it before a fork or it began before the recording, a
        run of its own begins in its place. With `once` only the first call in a run that names the same thing counts.
        """
        if kind not in POINTS:
            raise ValueError(f"{kind!r} is no point; there are {', '.join(sorted(POINTS))}")
        above = self._steps.known(parent) or self._runs.start_in_place_of(parent, self._steps)
        if once is None or above.run.is_first_time(once):
            self._step_lines.point(kind, above, fields)

    @guarded
    def promote(self, key: Hashable, kind: str, *, only: str) -> None:
        """An open step of kind `only` turns out to be of another kind: plumbing that is a nested agent."""
        step = self._steps.get(key)
        if step is not None and step.kind == only:
            self._promote(step, kind)

    def _promote(self, step: StepState, kind: str) -> None:
        step.kind = kind
        # Where a start line says what it was taken for, the end line says what it is.
        if step.number is None and kind in self._written:
            self._step_lines.start_late(step)

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours as `log.error`; never raises."""
        self.lines.report(where, error)

    def writes(self, kind: str) -> bool:
        """Whether steps of this kind are written, so that an adapter need not read what would be dropped."""
        return kind in self._written

    def knows(self, key: Hashable) -> bool:
        """Whether a step with this key has started here, and what starts below it belongs to its run."""
        return self._steps.known(key) is not None

    def state_of(self, key: Hashable) -> StepState | None:
        """What is held of the step with this key, open or ended lately."""
        return self._steps.known(key)

    def is_open(self, key: Hashable) -> bool:
        """Whether a step with this key has started and not ended."""
        return self._steps.get(key) is not None

    def shows(self, key: Hashable) -> bool:
        """Whether the end of this open step would be written, so that its output is worth reading."""
        step = self._steps.get(key)
        return step is not None and step.number is not None

    def has_open_below(self, key: Hashable) -> bool:
        """Whether steps that started below this open one have not ended."""
        step = self._steps.get(key)
        return step is not None and bool(step.open_below())

    def kind_of(self, key: Hashable) -> str | None:
        """The kind of an open step; None where no step of this key is open."""
        step = self._steps.get(key)
        return None if step is None else step.kind

    def innermost(self, *keys: Hashable) -> Hashable:
        """Of the keys known here the one farthest below its run, where two frameworks each name a parent; or None."""
        known = [(key, self._steps.known(key)) for key in keys]
        depths = [(sum(1 for _ in step.ancestors()), key) for key, step in known if step is not None]
        return max(depths, key=lambda found: found[0])[1] if depths else None

    def totals(self, run_id: UUID | str | None = None) -> Totals:
        """Counts and sums of one run by id, or of all runs so far; from memory. Raises `KeyError` for no such run."""
        return self._runs.totals(run_id)

    def place_of(self, key: Hashable) -> dict[str, str | int]:
        """What a run that begins inside of this step says of it: `parent_run`, and `parent_step` in a step."""
        return self._steps.place_of(key)

    def begun_after(self, run: str | None) -> tuple[str, ...]:
        """The ids of the runs that began here after this one, oldest first, of the newest ten thousand; or of all."""
        return self._runs.begun_after(run)

    def sizes(self) -> dict[str, int]:
        """How many things are held in memory, by name; for tests of what stays when all runs are over."""
        return self._steps.sizes() | self._runs.sizes()

    def after_fork(self) -> None:
        """In a forked child: what was open is the parent's; what happens below it here is in runs of its own."""
        self._steps = OpenSteps(self._steps.handed_down())
        self._runs = Runs(self._step_lines)

    def close(self) -> None:
        """End what is still open as implied, `abandoned`: nobody will end it any more."""
        self.is_closed = True
        self._implied_ends.all(self._steps)
