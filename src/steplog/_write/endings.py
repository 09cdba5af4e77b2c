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
    failed = error is not None and status is None
    is_origin = error is not None and id(error) not in run.errors
    record: Record = {"ms": ms_since(step.began)} if step.began else {}
    record["status"] = "error" if failed else status
    if error is not None:
        record["error"] = _error(run, step, error, error_fields)
    if step.first_ns:
        record["ttft_ms"] = ms_since(step.began, step.first_ns)
    record |= fields
    if "asks" in record:
        run.asks(record.pop("asks"), step.number)
    if record.get("model") == step.model:
        record.pop("model", None)
    counts = (failed and is_origin) or (record.get("status") == "error" and error is None)
    _add_up(run.totals, step, record, failed=counts)
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
        if record["status"] == "error" and not root.number and id(error) not in run.errors:
            run.totals.count_error()
        record["error"] = _error(run, root, error, error_fields)
    record |= {name: fields[name] for name in _OF_A_RUN if name in fields}
    record["totals"] = run.totals.as_dict()
    return record


def _error(run: RunState, step: Open, error: BaseException, error_fields: Fields) -> Record:
    """The error in full where it comes from; on its way up, its type, message and where that is."""
    found = describe(error) | {name: value for name, value in error_fields.items() if value is not None}
    origin = run.errors.get(id(error))
    if origin is None:
        run.errors[id(error)] = step.number or 0
    else:
        found.pop("stack", None)
        found["step"] = origin or None
    return found


def _add_up(totals: Totals, step: Open, record: Record, *, failed: bool) -> None:
    if failed:
        totals.count_error()
    if step.kind in CALLS and not record.get("cached"):
        totals.add_usage(record.get("usage") or {})
    if step.kind == "llm":
        totals.add_model(record.get("model") or step.model)
