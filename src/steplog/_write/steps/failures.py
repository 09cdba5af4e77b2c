"""What an end line says of a failure: the status, and the error in full where it began."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steplog._format.record import Record
from steplog._write.safe.exceptions import describe
from steplog._write.said.plain_fields import Failure
from steplog._write.steps.states import StepState
from steplog._write.steps.totals import FAILED

_AT_ITS_ORIGIN: Final = ("stack", "causes", "notes")


def failure_of(
    record: Record,
    step: StepState,
    status: str | None,
    error: BaseException | None,
    error_fields: Mapping[str, Any],
    *,
    is_counted: bool = False,
) -> dict[str, Any]:
    """Put the status of a step's end, or of its run's, into its record; give its error, as a field to be told.

    Counts the failure where it begins, unless it `is_counted`. On its way up an error is its type, its message and
    `step`, the number of the step where it began.
    """
    run = step.run
    record["status"] = status or "error"
    if error is None:
        if status == "error" and not is_counted:
            run.totals.count(FAILED)
        return {}
    fields = describe(error) | {name: value for name, value in error_fields.items() if value is not None}
    origin = run.origin_of(error, step)
    if origin is None:
        run.comes_from(error, step)
        if status is None:
            run.totals.count(FAILED)
    else:
        for name in _AT_ITS_ORIGIN:
            fields.pop(name, None)
        fields["step"] = origin.number or None
    return {"error": Failure(fields)}
