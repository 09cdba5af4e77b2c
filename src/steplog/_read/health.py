"""What shape a log is in: each segment, what is missing and why, what was cut and masked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from steplog._format.segment_name import writer_in_name
from steplog._format.zstd import open_segment, unreadable
from steplog._read.files.chain import Chains
from steplog._read.files.lines import MAX_LINE, BadLine, Line, judge
from steplog._read.files.liveness import CRASHED, RUNNING, liveness
from steplog._read.files.segments import segments
from steplog._read.files.sequence import Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from steplog._format.record import Record

_HALF: Final = re.compile(rb'^\{"seq":(\d+),"ts":"[^"]*","w":"([a-z2-7]+)"')


@dataclass(slots=True)
class Hole:
    """Lines that a writer counted and the log does not have, between two that it has."""

    writer: str
    first: int
    last: int
    file: str
    after_ts: str
    before_ts: str
    reason: str = ""


@dataclass(slots=True)
class SegmentHealth:
    """One file."""

    file: Path
    state: str = ""
    lines: int = 0
    bytes: int = 0
    first_ts: str = ""
    last_ts: str = ""
    damages: list[BadLine] = field(default_factory=list[BadLine])
    torn: list[BadLine] = field(default_factory=list[BadLine])
    unfit: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class _Writer:
    seen: Sequence = field(default_factory=Sequence)
    last: int = 0
    last_ts: str = ""
    opened: Record | None = None
    is_closed: bool = False
    last_file: Path | None = None
    told: list[Record] = field(default_factory=list["Record"])


@dataclass(slots=True)
class Health:
    """A log's state. `is_whole` is false when lines were lost or damaged, or do not fit their chain."""

    path: Path
    segments: list[SegmentHealth] = field(default_factory=list[SegmentHealth])
    holes: list[Hole] = field(default_factory=list[Hole])
    lost: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    faults: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    cut: int = 0
    masked: dict[str, int] = field(default_factory=dict[str, int])
    chained: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every line that was acknowledged is here and sound."""
        unsound = any(s.damages or s.unfit or s.state == "unreadable" for s in self.segments)
        return not (unsound or self.holes or self.lost)


def examine(path: Path, chain_key: bytes | None = None) -> Health:
    """Reads every line of the log at `path` once; with a key (which may be empty) the chains are verified.

    Raises: NotALog, LogError.
    """
    examination = _Examination(Health(path), None if chain_key is None else Chains(chain_key))
    for file in segments(path):
        examination.add(file)
    return examination.done()


class _Examination:
    def __init__(self, health: Health, chains: Chains | None) -> None:
        self.health = health
        self.chains = chains
        self.writers: dict[str, _Writer] = {}

    def add(self, file: Path) -> None:
        segment = SegmentHealth(file)
        self.health.segments.append(segment)
        try:
            segment.bytes = file.stat().st_size
            with open_segment(file) as stream:
                owner = writer_in_name(file)
                for raw, found in pieces(stream, file):
                    owner = self._take(segment, owner, raw, found)
        except (OSError, ImportError) as error:
            segment.state = "unreadable"
            segment.damages.append(BadLine(file, 0, 0, f"cannot be read: {error}"))

    def _take(self, segment: SegmentHealth, owner: str, raw: bytes, found: Line | BadLine) -> str:
        if isinstance(found, BadLine):
            (segment.torn if found.torn or self._is_half(found) else segment.damages).append(found)
            return owner
        record = found.record
        name = str(record.get("w") or owner)
        owner = name if record["ev"] == "log.open" else owner
        writer = self.writers.setdefault(name, _Writer())
        segment.lines += 1
        number, ts = record.get("seq"), str(record.get("ts", ""))
        segment.first_ts, segment.last_ts = segment.first_ts or ts, ts
        if self.chains is not None and (problem := self.chains.check(name, raw, record)):
            segment.unfit.append(f"line {found.number} (byte {found.offset}): {problem}")
        if isinstance(number, int):
            if not writer.seen.add(number):
                reason = f"repeats line {number} of writer {name}"
                segment.damages.append(BadLine(segment.file, found.number, found.offset, reason))
                return owner
            if writer.last and number > writer.last + 1:
                hole = Hole(name, writer.last + 1, number - 1, segment.file.name, writer.last_ts, ts)
                self.health.holes.append(hole)
            writer.last = max(writer.last, number)
        writer.last_ts, writer.last_file = ts, segment.file
        self._note(writer, name, record)
        return owner

    def _note(self, writer: _Writer, name: str, record: Record) -> None:
        writer.is_closed = record["ev"] == "log.close"
        match record["ev"]:
            case "log.open":
                writer.opened = record
            case "log.close":
                self.health.cut += _whole(record.get("cut"))
                masked = record.get("masked")
                for kind, n in (masked if isinstance(masked, dict) else {}).items():
                    self.health.masked[kind] = self.health.masked.get(kind, 0) + _whole(n)
            case "log.lost":
                told = {n: record[n] for n in ("count", "reason", "first_ts", "last_ts") if n in record}
                self.health.lost.append({"writer": name, **told})
                for hole in reversed(self.health.holes):
                    if hole.writer == name and not hole.reason:
                        hole.reason = str(record.get("reason", ""))
                        break
            case "log.error":
                told = {n: record[n] for n in ("ts", "where", "error") if n in record}
                self.health.faults.append({"writer": name, **told})
            case _:
                pass

    def _is_half(self, bad: BadLine) -> bool:
        """Whether a damage in a shared file is half a line that a killed process left: its number came no more."""
        head = _HALF.match(bad.head.lstrip())
        if head is None or "then a whole record" in bad.reason:
            return False
        writer = self.writers.get(head[2].decode())
        return writer is not None and int(head[1]) == writer.last + 1

    def done(self) -> Health:
        """The judgement, once all files were read; holes that were only lines out of order are none."""
        self.health.holes = [
            hole
            for hole in self.health.holes
            if any(
                gap.first <= hole.last and hole.first <= gap.last
                for gap in self.writers[hole.writer].seen.gaps(hole.writer)
            )
        ]
        for segment in self.health.segments:
            if not segment.state:
                segment.state = self._state(segment)
        self.health.chained = None if self.chains is None else self.chains.checked
        return self.health

    def _state(self, segment: SegmentHealth) -> str:
        if segment.damages or segment.unfit:
            return "damaged"
        if any(hole.file == segment.file.name for hole in self.health.holes):
            return "gap"
        if not segment.lines:
            return "empty"
        name = writer_in_name(segment.file)
        ours = [w for w in self.writers.values() if w.last_file == segment.file]
        if name and not ours:
            return "clean"  # the writer went on in the next segment
        states = {
            liveness([(w.opened, w.is_closed)]) if w.opened and not w.is_closed else "clean" for w in ours
        }
        for state, word in ((RUNNING, "live"), (CRASHED, "crashed"), ("unfinished", "unfinished")):
            if state in states:
                return word
        return "clean"


def pieces(stream: BinaryIO, file: Path) -> Iterator[tuple[bytes, Line | BadLine]]:
    """Every line and damage of a stream, with the bytes of the line (without line ends)."""
    number, offset = 1, 0
    while True:
        try:
            raw = stream.readline(MAX_LINE + 1)
        except unreadable() as error:
            yield b"", BadLine(file, number, offset, f"cannot be read further: {error}")
            return
        if not raw:
            return
        for found in judge(raw, file, number, offset):
            at = found.offset - offset if isinstance(found, Line) else 0
            yield raw[at:].strip(b"\r\n"), found
        number += 1
        offset += len(raw)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
