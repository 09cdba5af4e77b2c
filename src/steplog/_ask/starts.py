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

    It stands a little before the line nearly always, in the bytes at hand; where not, the run is read.
    """
    record = found.line.record
    ev, run, step = record["ev"], str(record.get("run")), record.get("step")
    if ev.endswith((".start", ".point")):
        return record
    head = b'"run":' + as_written(run) + (b"," if step is None else b',"step":%d,' % step)
    wanted = f"{ev.partition('.')[0]}.start"
    for block, end in ((found.block, found.at), (found.before, len(found.before))):
        start = _last(block, end, head, wanted, step)
        if start is not None:
            return start
    return _read(log, run, step)


def _last(block: bytes, end: int, head: bytes, wanted: str, step: object) -> Record | None:
    """The last line of a block before a place that is the start looked for."""
    while (at := block.rfind(head, 0, end)) >= 0:
        end = block.rfind(b"\n", 0, at) + 1
        line = decode(block[end : block.find(b"\n", at)])
        if isinstance(line, dict) and line["ev"] == wanted and line.get("step") == step:
            return line
    return None


def _read(log: Log, run: str, step: int | None) -> Record:
    try:
        found = log.run(run)
        return {"name": found.name} if step is None else dict(found.step(step).fields)
    except LogError:
        return {}
