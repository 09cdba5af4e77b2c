"""The start line of the step that a found line belongs to: what its name is, and who asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._ask.scan import as_written
from steplog._read.errors import LogError
from steplog._read.files.lines import decode

if TYPE_CHECKING:
    from steplog._ask.scan import Found
    from steplog._format.record import Record
    from steplog._read.log import Log


def start_of(found: Found, log: Log) -> Record:
    """The fields of the step's start (of the run's own, for its lines); empty if the log does not have it.

    It stands a little before the line nearly always, in the same block of bytes; where not, the run is read.
    """
    record = found.line.record
    ev, run, step = record["ev"], str(record.get("run")), record.get("step")
    if ev.endswith((".start", ".point")):
        return record
    end = found.at
    head = b'"run":' + as_written(run) + (b"," if step is None else b',"step":%d,' % step)
    wanted = f"{ev.partition('.')[0]}.start"
    while (at := found.block.rfind(head, 0, end)) >= 0:
        end = found.block.rfind(b"\n", 0, at) + 1
        line = decode(found.block[end : found.block.find(b"\n", at)])
        if isinstance(line, dict) and line["ev"] == wanted and line.get("step") == step:
            return line
    return _read(log, run, step)


def _read(log: Log, run: str, step: int | None) -> Record:
    try:
        found = log.run(run)
        return {"name": found.name} if step is None else dict(found.step(step).fields)
    except LogError:
        return {}
