"""One pass over a log's lines: a small summary per run, and where each run's lines stand."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steplog._format.record import FORMAT_VERSION
from steplog._format.segment_name import writer_in_name
from steplog._read.files.lines import BadLine, Line, read_lines
from steplog._read.files.sequence import Sequence
from steplog._read.files.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from steplog._format.record import Json, Record


@dataclass(slots=True)
class Writer:
    """What is known of one writer while its lines go by; `closed`: its last line so far is `log.close`."""

    id: str
    opened: Record | None = None
    closed: bool = False
    seen: Sequence = field(default_factory=Sequence)


@dataclass(slots=True)
class Summary:
    """One run while its lines go by: what a listing needs, and the places of its lines."""

    id: str
    file: Path
    first_ts: Json
    last_ts: Json = None
    start: Record = field(default_factory=dict[str, "Json"])
    end: Record | None = None
    tally: Tally = field(default_factory=Tally)
    writers: dict[str, Writer] = field(default_factory=dict[str, Writer])
    places: dict[Path, array[int]] = field(default_factory=dict["Path", "array[int]"])


@dataclass(slots=True)
class Index:
    """Everything one pass over a log finds."""

    runs: list[Summary] = field(default_factory=list[Summary])
    bad: list[BadLine] = field(default_factory=list[BadLine])
    lost: list[Record] = field(default_factory=list["Record"])
    faults: list[Record] = field(default_factory=list["Record"])
    notices: list[str] = field(default_factory=list[str])
    writers: dict[str, Writer] = field(default_factory=dict[str, Writer])
    lines: int = 0
    _current: dict[str, Summary] = field(default_factory=dict[str, Summary])

    def add_files(self, files: Iterable[Path]) -> None:
        """Reads the files, one after the other; one that may not be read is a `BadLine`."""
        for file in files:
            try:
                self._add_file(file)
            except OSError as error:
                self.bad.append(BadLine(file, 0, 0, f"cannot be read: {error.strerror}"))

    def _add_file(self, file: Path) -> None:
        owner = writer_in_name(file)
        for found in read_lines(file):
            if isinstance(found, BadLine):
                self.bad.append(found)
                continue
            record = found.record
            name = record.get("w") or owner
            if record["ev"] == "log.open":
                # Lines without `w` belong to who opened the file last: a segment has one writer.
                owner = name
            writer = self._writer(name)
            if self._is_repeated(found, writer):
                continue
            self.lines += 1
            writer.closed = record["ev"] == "log.close"
            if record["ev"].startswith("log."):
                self._add_log_line(found, writer)
            else:
                self._add_run_line(found, writer)

    def _writer(self, name: str) -> Writer:
        writer = self.writers.get(name)
        if writer is None:
            writer = self.writers[name] = Writer(name)
        return writer

    def _is_repeated(self, line: Line, writer: Writer) -> bool:
        seq = line.record.get("seq")
        # Without a writer's name nothing says that equal numbers are the same line.
        if seq is None or not writer.id or writer.seen.add(seq):
            return False
        reason = f"repeats line {seq} of writer {writer.id}"
        self.bad.append(BadLine(line.file, line.number, line.offset, reason))
        return True

    def _add_log_line(self, line: Line, writer: Writer) -> None:
        record = line.record
        match record["ev"]:
            case "log.open":
                writer.opened = record
                version = record.get("v", FORMAT_VERSION)
                if version != FORMAT_VERSION:
                    self.notices.append(
                        f"{line.file} is of format version {version}; this steplog knows version {FORMAT_VERSION} and "
                        "shows what it understands: a newer steplog may show more"
                    )
            case "log.lost":
                self.lost.append(record)
            case "log.error":
                self.faults.append(record)
            case _:
                pass

    def _add_run_line(self, line: Line, writer: Writer) -> None:
        record = line.record
        ev, ts = record["ev"], record.get("ts")
        run = self._current.get(record["run"])
        # A program may use one id for several runs (LangChain lets it): each start is a run of its own.
        if run is None or (ev == "run.start" and run.start):
            run = Summary(record["run"], line.file, ts)
            self._current[run.id] = run
            self.runs.append(run)
        run.last_ts = max(run.last_ts or "", ts or "")
        run.writers.setdefault(writer.id, writer)
        if line.file not in run.places:
            run.places[line.file] = array("q")
        run.places[line.file].append(line.offset)
        if ev == "run.start":
            run.start = _small(record)
        elif ev != "run.end":
            run.tally.note(record)
        elif run.end is None or not record.get("implied"):
            run.end = _small(record)


_KEPT = (
    "ts", "id", "name", "framework", "thread", "parent_run", "parent_step", "resumes", "status", "ms", "totals", "masked",
)  # fmt: skip


def _small(record: Record) -> Record:
    """A run's own line without its content, which is read again when somebody asks for it."""
    return {name: record[name] for name in _KEPT if name in record}
