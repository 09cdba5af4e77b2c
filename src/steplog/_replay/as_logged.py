"""A framework's messages as a log would have them: numbered, masked and cut by the recorder itself, so that both can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steplog._record.recorder import Recorder
from steplog._write.disk.sinks import MemorySink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._format.record import Record


def as_logged(messages: Sequence[Any]) -> list[Record]:
    """The messages as plain records, in order; a message that stands twice is given twice."""
    sink = MemorySink()
    with (
        Recorder(sink=sink) as recorder,
        recorder.run("replay") as run,
        run.llm("replay", messages=list(messages)),
    ):
        pass
    start = next(record for record in sink.records if record["ev"] == "llm.start")
    by_number = {message["m"]: message for message in start.get("messages", ())}
    return [by_number[number] for number in _numbers(start.get("prompt", ""))]


def _numbers(ranges: str) -> list[int]:
    numbers: list[int] = []
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers
