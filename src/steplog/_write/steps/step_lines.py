"""The lines of a step: what its start and its end say beside what the adapter told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steplog._format.record import CALLS, Record
from steplog._write.disk.clock import CLOCK, ms_since
from steplog._write.said.line_writer import LineWriter
from steplog._write.settings.settings import Settings
from steplog._write.steps.end_fields import add_up, run_end_record, with_failure
from steplog._write.steps.handed_down import of_its_own
from steplog._write.steps.questions import Asked
from steplog._write.steps.run_state import Open
from steplog._write.steps.totals import MANY

Fields = Mapping[str, Any]
_NO_FIELDS: Final[Fields] = {}


class StepLines(Asked):
    """The part of a recorder that writes the starts and ends of steps."""

    def __init__(self, settings: Settings, lines: LineWriter) -> None:
        """Write under `settings` to `lines`."""
        super().__init__(settings)
        self.lines = lines
        self._names_nodes = settings.detail == "calls"  # else they are steps of their own

    def _write_start(self, step: Open, fields: Fields, *, late: bool = False) -> None:
        run = step.run
        if step.number is None:
            step.number = run.next_number()
            run.totals.counted.append(step.kind)
            if len(run.totals.counted) > MANY:
                run.totals.sum_up()
        step.model = fields.get("model")
        head: Record = {"run": run.hex, "step": step.number}
        above = step.parent  # mostly this is written itself
        if parent := above.number if above is not None and above.number is not None else step.written_parent:
            head["parent"] = parent
        head["ev"] = step.kind + ".start"
        told: Record = {"name": step.name, **fields}
        if step.handed_down is not None and above is not None:  # a run's own stand in its first line
            told |= of_its_own(step.handed_down, step.handed_down_above)
        attempt = told.get("attempt") or step.attempt
        if attempt > 1:
            told["attempt"] = attempt
            run.totals.count_retry()
        if "call_id" in told and type(told["call_id"]) is str:
            told["asked_by"] = run.asked.get(told["call_id"])
        if self._names_nodes and "node" not in told:
            told["node"] = step.node
        if late:
            told["late_ms"] = ms_since(step.began)
        self.lines.write(run, head, told)

    def _write_end(
        self,
        step: Open,
        status: str | None,
        error: BaseException | None,
        error_fields: Fields,
        fields: dict[str, Any],
    ) -> None:
        run = step.run
        raised = error if status is None else None
        failed = raised is not None or status == "error"
        if step.attempt_of is not None and (failed or run.failed):
            run.attempted(step.attempt_of, step.attempt, failed=failed)
        if not step.number:
            if step.number == 0 or raised is None or run.origin_of(raised, step) is not None:
                return
            self._write_start(step, _NO_FIELDS, late=True)
        head: Record = {"run": run.hex, "step": step.number, "ev": step.kind + ".end"}
        if step.began:
            head["ms"] = (CLOCK[0]() - step.began) // 1000 / 1000  # as `ms_since`, without a call of ours
            if step.first_ns:
                head["ttft_ms"] = ms_since(step.began, step.first_ns)
        if error is not None or status is not None:
            fields = with_failure(step, status, error, error_fields, fields)
        if asks := fields.pop("asks", None):
            run.asks(asks, step.number)
        if step.kind in CALLS:
            add_up(step, fields)
        self.lines.write(run, head, fields)

    def _end_run(
        self,
        root: Open,
        status: str | None,
        error: BaseException | None,
        error_fields: Fields,
        fields: dict[str, Any],
    ) -> None:
        run = root.run
        record = run_end_record(root, status, error, error_fields, fields)
        self.lines.write(run, {"run": run.hex, "ev": "run.end"}, record)
        self._runs.over(run)
