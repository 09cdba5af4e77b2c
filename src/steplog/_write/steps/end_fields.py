"""What the end line of a step, or of a run, says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steplog._format.record import Record
from steplog._write.disk.clock import ms_since
from steplog._write.safe.exceptions import describe
from steplog._write.steps.run_state import Open, RunState

Fields = Mapping[str, Any]
_AT_ITS_ORIGIN: Final = ("stack", "causes", "notes")
_OF_A_RUN: Final = ("output", "input", "checkpoint", "implied")


def with_failure(
    step: Open, status: str | None, error: BaseException | None, error_fields: Fields, fields: Fields
) -> dict[str, Any]:
    """The fields of a step's end with its status and error; an error that begins there counts."""
    run = step.run
    if error is None:
        if status == "error":
            run.totals.count_error()
        return {"status": status, **fields}
    if status is None and run.origin_of(error, step) is None:
        run.totals.count_error()
    return {"status": status or "error", "error": _error(run, step, error, error_fields), **fields}


def add_up(step: Open, fields: dict[str, Any]) -> None:
    """Add the end of a model call to the totals of its run, and take off what its line need not repeat."""
    model = fields.get("model") or step.model
    if model == step.model:
        fields.pop("model", None)
    usage = None if fields.get("cached") else fields.get("usage")
    step.run.totals.add_call(usage, model if step.kind == "llm" else None)


def run_end_record(
    root: Open,
    status: str | None,
    error: BaseException | None,
    error_fields: Fields,
    fields: Fields,
) -> Record:
    """The fields of a run's end line."""
    run = root.run
    record: Record = {
        "ms": ms_since(root.began),
        "status": status or ("error" if error is not None else None),
    }
    if error is not None:
        if record["status"] == "error" and not root.number and run.origin_of(error, root) is None:
            run.totals.count_error()
        record["error"] = _error(run, root, error, error_fields)
    record |= {name: fields[name] for name in _OF_A_RUN if name in fields}
    record["totals"] = run.totals.as_dict()
    return record


def _error(run: RunState, step: Open, error: BaseException, error_fields: Fields) -> Record:
    """The error in full where it comes from; on its way up, its type, message and where that is."""
    found = describe(error) | {name: value for name, value in error_fields.items() if value is not None}
    origin = run.origin_of(error, step)
    if origin is None:
        run.errors[id(error)] = step
    else:
        for name in _AT_ITS_ORIGIN:
            found.pop(name, None)
        found["step"] = origin.number or None
    return found
