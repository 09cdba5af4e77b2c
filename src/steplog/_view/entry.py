"""One run of a followed log: its row so far, where its lines lie, who wrote them, how it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._read.files.liveness import INTERRUPTED, UNFINISHED, liveness
from steplog._read.files.sequence import Sequence
from steplog._view.data import Row, content_of, program_of
from steplog._view.run_lines import Span

if TYPE_CHECKING:
    from steplog._format.record import Record
    from steplog._read.files.lines import Line
    from steplog._view.rows import RowBuilder

_NO_COSTS: Final = b"{}"


@dataclass(slots=True)
class Writer:
    """A process that writes into the log: its `log.open`, whether it has closed, which of its lines were seen."""

    opened: Record = field(default_factory=dict[str, Any])
    closed: bool = False
    seen: Sequence = field(default_factory=Sequence)


@dataclass(slots=True)
class Entry:
    """One run. Of one that has ended, only its row is kept: a log may have a hundred thousand."""

    key: str
    run: str
    started: str  # the `ts` of its first line: newer runs have greater ones
    builder: RowBuilder | None
    spans: dict[Path, Span] = field(default_factory=dict[Path, Span])
    writers: dict[str, Writer] = field(default_factory=dict[str, Writer])
    status: str = UNFINISHED
    _packed: bytes = b""
    _costs: bytes | None = None

    def take(self, line: Line, name: str, writer: Writer) -> None:
        """Takes one of its lines."""
        if name not in self.writers:
            self.writers[name] = writer
        span = self.spans.get(line.file)
        if span is None:
            self.spans[line.file] = Span(line.file, line.offset, line.number, line.offset)
        else:
            span.last = max(span.last, line.offset)
        # What comes late, after the end, changes nothing in the list.
        if self.builder is not None:
            self.builder.note(line.record)
        else:
            self._costs = None

    @property
    def has_begun(self) -> bool:
        """Whether its `run.start` has been seen; another one is another run of the same id."""
        return self.builder is None or bool(self.builder.start)

    @property
    def is_open(self) -> bool:
        """Whether it has no end yet."""
        return self.builder is not None and self.builder.end is None

    def look(self) -> bool:
        """Sees how the run stands now; whether that has changed."""
        if self.builder is None:
            return False
        before, end = self.status, self.builder.end
        if end is None:
            self.status = liveness((writer.opened, writer.closed) for writer in self.writers.values())
        else:
            totals = end.get("totals")
            waits = isinstance(totals, dict) and bool(totals.get("interrupts"))
            self.status = str(end.get("status") or (INTERRUPTED if waits else "ok"))
        return self.status != before

    def pack(self) -> bool:
        """Keeps no more than the row of a run that has ended; whether it has. An implied end may be followed by a real one."""
        if self.builder is None or self.builder.end is None or self.builder.end.get("implied"):
            return self.builder is None
        self.look()
        # A copy: what orjson gives has room for many times its size.
        self._packed = bytes(bytearray(orjson.dumps(self.row())))
        costs = self.builder.costs
        self._costs = bytes(bytearray(orjson.dumps(costs))) if costs else _NO_COSTS
        self.builder = None
        return True

    def row(self) -> Row:
        """The row as the page is given it."""
        if self.builder is None:
            return orjson.loads(self._packed)
        file = next(iter(self.spans), Path())
        opened = self.opened
        return self.builder.row(
            self.status, key=self.key, program=program_of(opened), file=file.name, content=content_of(opened)
        )

    def row_json(self) -> orjson.Fragment:
        """The row as JSON."""
        return orjson.Fragment(self._packed or orjson.dumps(self.row()))

    def costs_json(self) -> orjson.Fragment | None:
        """What each model call cost, by its step; None where that was not told of every line."""
        told = orjson.dumps(self.builder.costs) if self.builder is not None else self._costs
        return orjson.Fragment(told) if told is not None else None

    @property
    def opened(self) -> Record:
        """The `log.open` of the process that began the run."""
        return next((writer.opened for writer in self.writers.values()), {})
