"""The lines of steps, runs and points: what they say besides what the adapter tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steplog._format.record import CALLS, STEPS, Record
from steplog._write.disk.clock import CLOCK, ms_since
from steplog._write.guard import contained
from steplog._write.misnamed import node_instead_of
from steplog._write.said.line import Line
from steplog._write.said.line_writer import LineWriter
from steplog._write.settings.settings import Settings
from steplog._write.steps.denied import denied_calls
from steplog._write.steps.failures import failure_of
from steplog._write.steps.handed_down import of_its_own
from steplog._write.steps.labels import labelled
from steplog._write.steps.states import IMPLIED, StepState
from steplog._write.steps.totals import AGAIN

Fields = Mapping[str, Any]
_NO_FIELDS: Final[Fields] = {}
_HAVE_USAGE: Final = frozenset({"llm", "embedding"})
# Looked up, as a text that is put together is hashed anew each time.
_STARTS: Final = {kind: f"{kind}.start" for kind in STEPS}
_ENDS: Final = {kind: f"{kind}.end" for kind in STEPS}
_OF_A_RUN: Final = ("output", "input", "checkpoint")
_SUM_UP_EVERY: Final = 1000  # steps


class StepLines:
    """Writes the starts and ends of steps; the lines of one hook with one write."""

    __slots__ = ("_lines", "_names_nodes")

    def __init__(self, settings: Settings, lines: LineWriter) -> None:
        """Write under `settings` to `lines`."""
        self._lines = lines
        self._names_nodes = settings.detail == "calls"  # else they are steps of their own

    def start_run(self, root: StepState, record: Record, run_fields: Fields, fields: Fields) -> None:
        """A run begins, with the line that `record` begins; with its first step, where that is a call."""
        run = root.run
        run_fields = {"name": root.name, **run_fields}
        run_fields = contained(self._lines, "labels", labelled, run.hex, run_fields) or run_fields
        if root.kind in CALLS:
            after = self._lines.write(run, record, run_fields, hold=True)
            lost = {"start_lost": True} if "start_lost" in record else _NO_FIELDS
            self.start(root, fields, lost, after)
            return
        if root.kind not in STEPS and root.kind != "run":
            _, fields = node_instead_of(root.kind, fields)
        root.number, root.kind = 0, "run"
        self._lines.write(run, record, {**run_fields, **fields} if fields else run_fields)

    def start(
        self, step: StepState, fields: Fields, own_fields: Fields = _NO_FIELDS, after: Line | None = None
    ) -> None:
        """A step begins. `own_fields` are of the recorder's own knowledge; `after` is the start of its run."""
        run = step.run
        number = step.number
        if number is None:
            number = step.number = run.next_number()
            run.totals.count(step.kind)
            if not number % _SUM_UP_EVERY:
                run.totals.sum_up()
        if "model" in fields and type(fields["model"]) is str:
            step.model = fields["model"]
        record: Record = {"run": run.hex, "step": number}
        above = step.parent
        if above is not None and (parent := above.nearest_written if above.number is None else above.number):
            record["parent"] = parent
        record["ev"] = _STARTS[step.kind]
        if run.failures or "attempt" in fields:
            _number_attempt(step, record, fields.get("attempt"))
        if "call_id" in fields and type(call_id := fields["call_id"]) is str:
            run.calls(call_id, number)
            if call_id in run.tool_calls:
                record["asked_by"] = run.tool_calls[call_id]
        if self._names_nodes and (node := step.node) is not None:
            record["node"] = node
        if own_fields:
            record |= own_fields
        told = {"name": step.name, **fields}
        if step.handed_down is not None and above is not None:  # a run's own stand in its first line
            told |= of_its_own(step.handed_down, step.handed_down_above)
        self._lines.write(run, record, told, after)
        if run.budget is not None:
            run.budget.started(step, fields)

    def start_late(self, step: StepState) -> None:
        """A step that was left out of the log turns out to be one that is written."""
        self.start(step, _NO_FIELDS, {"late_ms": ms_since(step.began)})

    def end(  # noqa: C901, PLR0912 - one function, as the end of each step comes by here and calls would be felt
        self,
        step: StepState,
        status: str | None,
        error: BaseException | None,
        error_fields: Fields,
        fields: dict[str, Any],
    ) -> None:
        """A step is over, and with it its run if it is the first of it; `fields` are used up."""
        run = step.run
        raised = error if status is None else None
        if step.more_fields:
            fields = {**step.more_fields, **fields}
        if step.tries is not None and (error is not None or status == "error" or run.failures):
            run.attempt_over(step, failed=raised is not None or status == "error")
        if step.number == 0:
            self._end_run(step, status, error, error_fields, fields)
            return
        if step.number is None and not self._starts_with_error(step, raised):
            return
        record: Record = {"run": run.hex, "step": step.number, "ev": _ENDS[step.kind]}
        if step.began:
            record["ms"] = (CLOCK[0]() - step.began) // 1000 / 1000  # as `ms_since`, without a call of ours
            if step.first_token_at:
                record["ttft_ms"] = ms_since(step.began, step.first_token_at)
        else:
            record["start_lost"] = True
        if step.state == IMPLIED:
            record["implied"] = True
        if error is not None or status is not None:
            fields = {**fields, **failure_of(record, step, status, error, error_fields)}
        answers_calls = fields.pop("answers_calls", None) if step.more_fields else None
        if step.parent is None:
            of_run = {name: fields[name] for name in _OF_A_RUN if name in fields}
            after = self._end_call(step, record, fields, hold=True)
            self._end_run(step, status, error, error_fields, of_run, after)
        elif step.kind in _HAVE_USAGE or "asks" in fields:
            self._end_call(step, record, fields)
        else:
            self._lines.write(run, record, fields)
            if answers_calls is not None and "output" in record:
                for told in denied_calls(record["output"], run, of_any=answers_calls == "any"):
                    self._point("denied", step, told)

    def _end_call(
        self, step: StepState, record: Record, fields: dict[str, Any], *, hold: bool = False
    ) -> Line | None:
        """Write the end of a call, and add up what it says; with `hold` give it, to be written with the run's."""
        run = step.run
        if step.kind == "llm" and step.model is not None and fields.get("model") == step.model:
            del fields["model"]  # the start says it
        if "asks" in fields:
            run.asks_for(fields.pop("asks"), step.number or 0)
        line = self._lines.write(run, record, fields, hold=hold)
        usage = None if "cached" in record else record.get("usage")
        run.totals.add_call(usage, (record.get("model") or step.model) if step.kind == "llm" else None)
        if run.budget is not None:
            run.budget.ended(step, record)
        return line

    def _starts_with_error(self, step: StepState, raised: BaseException | None) -> bool:
        """Write the start of a step that was left out of the log, if an error begins in it; whether that is so."""
        if raised is None or step.run.origin_of(raised, step) is not None:
            return False
        self.start_late(step)
        return True

    def point(self, kind: str, above: StepState, fields: Fields) -> None:
        """Something happened inside the step `above`."""
        self._point(kind, above, _NO_FIELDS, fields)

    def _point(self, kind: str, above: StepState, own_fields: Fields, fields: Fields = _NO_FIELDS) -> None:
        run = above.run
        run.totals.count(kind)
        number = run.next_number()
        if not number % _SUM_UP_EVERY:
            run.totals.sum_up()
        record: Record = {"run": run.hex, "step": number}
        if parent := above.nearest_written:
            record["parent"] = parent
        record["ev"] = f"{kind}.point"
        record |= own_fields
        self._lines.write(run, record, fields)

    def first_token(self, step: StepState) -> None:
        """A model's streamed answer has begun."""
        record: Record = {"run": step.run.hex, "step": step.number, "ev": "llm.first_token"}
        record["ttft_ms"] = ms_since(step.began, step.first_token_at)
        self._lines.write(step.run, record, _NO_FIELDS)

    def _end_run(
        self,
        root: StepState,
        status: str | None,
        error: BaseException | None,
        error_fields: Fields,
        fields: dict[str, Any],
        after: Line | None = None,
    ) -> None:
        run = root.run
        record: Record = {"run": run.hex, "ev": "run.end"}
        if root.began:
            record["ms"] = ms_since(root.began)
        else:
            record["start_lost"] = True
        if root.state == IMPLIED:
            record["implied"] = True
        if error is not None or status is not None:
            failure = failure_of(record, root, status, error, error_fields, is_counted=after is not None)
            fields = {**fields, **failure}
        record["totals"] = run.totals.as_dict()
        self._lines.write(run, record, fields, after)


def _number_attempt(step: StepState, record: Record, told: object) -> None:
    """Say which attempt it is, from the second one on, unless the adapter tells; count it."""
    times, number = step.run.failures.get(step.tries, (0, None))
    step.attempt = 1 + times
    if number:
        record["after_failed"] = number
    if told is None and step.attempt > 1:
        told = record["attempt"] = step.attempt
    if type(told) is int and told > 1:
        step.run.totals.count(AGAIN)
