"""A framework's messages as a log would have them: numbered, masked and cut by the recorder itself, so that both can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steplog._record.recorder import Recorder
from steplog._write.disk.sinks import MemorySink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steplog._format.record import Json, Record


def as_logged(messages: Sequence[Any], *, redact: bool = True) -> list[Record]:
    """The messages as plain records, in order; a message that stands twice is given twice.

    redact: whether secrets are masked, as by default.
    """
    sink = MemorySink()
    with (
        Recorder(sink=sink, redact=redact) as recorder,
        recorder.run("replay") as run,
        run.llm("replay", messages=list(messages)),
    ):
        pass
    start = next(record for record in sink.records if record["ev"] == "llm.start")
    by_number = {message["m"]: message for message in start.get("messages", ())}
    return [by_number[number] for number in _numbers(start.get("prompt", ""))]


def args_as_logged(args: Mapping[str, Any], *, redact: bool = True) -> Json:
    """The arguments of a tool, in the same way."""
    sink = MemorySink()
    with (
        Recorder(sink=sink, redact=redact) as recorder,
        recorder.run("replay") as run,
        run.tool("replay", args=dict(args)),
    ):
        pass
    return next(record for record in sink.records if record["ev"] == "tool.start").get("args") or {}


def _numbers(ranges: str) -> list[int]:
    numbers: list[int] = []
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers
