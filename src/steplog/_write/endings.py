"""What the end line of a step, or of a run, says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steplog._format.record import CALLS, Record
from steplog._write.errors import describe
from steplog._write.stamp import ms_since
from steplog._write.state import Open, RunState
from steplog._write.totals import Totals

Fields = Mapping[str, Any]
_OF_A_RUN: Final = ("output", "input", "checkpoint", "implied")


def end_record(
    step: Open,
    status: str | None,
    error: BaseException | None,
    error_fields: Fields,
    fields: Fields,
) -> Record:
    """The fields of a step's end line; its usage and errors are added to the totals of its run."""
    run = step.run
    record: Record = {"ms": ms_since(step.began)} if step.began else {}
    if error is not None:
        is_failure = status is None
        record["status"] = "error" if is_failure else status
        if is_failure and run.origin_of(error, step) is None:
            run.totals.count_error()
        record["error"] = _error(run, step, error, error_fields)
    elif status is not None:
        record["status"] = status
        if status == "error":
            run.totals.count_error()
    if step.first_ns:
        record["ttft_ms"] = ms_since(step.began, step.first_ns)
    record |= fields
    if "asks" in record:
        run.asks(record.pop("asks"), step.number)
    if step.kind in CALLS:
        _add_up(run.totals, step, record)
    return record


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
        found.pop("stack", None)
        found["step"] = origin.number or None
    return found


def _add_up(totals: Totals, step: Open, record: Record) -> None:
    model = record.get("model") or step.model
    if model == step.model:
        record.pop("model", None)
    if not record.get("cached") and (usage := record.get("usage")):
        totals.add_usage(usage)
    if step.kind == "llm":
        totals.add_model(model)
