"""What shape a log is in: each segment, what is missing and why, what was cut and masked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from steplog._read.audit import Audit, Finding
from steplog._read.files.chain import Chains
from steplog._read.files.lines import BadLine
from steplog._read.files.liveness import CRASHED, RUNNING, liveness
from steplog._read.files.segments import segments
from steplog._read.files.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from steplog._format.record import Record
    from steplog._read.files.stretch import Stretch
    from steplog._read.files.walk import Counted

Verdict = Literal["whole", "unclosed", "not whole"]
_HALF: Final = re.compile(rb'^\{"seq":(\d+),"ts":"[^"]*","w":"([a-z2-7]+)"')
_WORDS: Final = {RUNNING: "live", CRASHED: "crashed"}


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
class Unclosed:
    """A writer that is not known to live and has no `log.close`: lines behind its last one may be missing.

    `is_gone`: its process is known to be gone. What the kernel took of it is here; what it held back, since the disk
    was full or stood still when it ended, is not, and nothing in the log could say so.
    """

    writer: str
    file: str
    last: int
    last_ts: str
    is_gone: bool


@dataclass(slots=True)
class SegmentHealth:
    """One file; its `state` is `clean`, `live`, `crashed`, `unfinished`, `gap`, `damaged`, `empty` or `unreadable`."""

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
    last: int = 0
    last_ts: str = ""
    opened: Record | None = None
    is_closed: bool = False
    last_file: Path | None = None


@dataclass(slots=True)
class Health:
    """A log's state, from every line of it."""

    path: Path
    segments: list[SegmentHealth] = field(default_factory=list[SegmentHealth])
    holes: list[Hole] = field(default_factory=list[Hole])
    unclosed: list[Unclosed] = field(default_factory=list[Unclosed])
    lost: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    faults: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    cut: int = 0
    masked: dict[str, int] = field(default_factory=dict[str, int])
    findings: list[Finding] = field(default_factory=list[Finding])
    models: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    chained: int | None = None

    @property
    def has_losses(self) -> bool:
        """Whether lines were lost or damaged, or do not fit their chain."""
        unsound = any(s.damages or s.unfit or s.state == "unreadable" for s in self.segments)
        return bool(unsound or self.holes or self.lost)

    @property
    def verdict(self) -> Verdict:
        """`whole`: every line that was acknowledged is here and sound. `unclosed`: as far as anybody can tell from a

        log in which a writer has no `log.close`. `not whole`: see `has_losses`.
        """
        if self.has_losses:
            return "not whole"
        return "unclosed" if self.unclosed else "whole"


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
        self.walk = Walk(every=True)
        self.audit = Audit()
        self.writers: dict[str, _Writer] = {}

    def add(self, file: Path) -> None:
        segment = SegmentHealth(file)
        try:
            for stretch, counted in self.walk.stretches(file):
                self._take(segment, stretch, counted)
        except FileNotFoundError:
            self._expired(file)
            return
        except OSError as error:
            segment.state = "unreadable"
            segment.damages.append(BadLine(file, 0, 0, f"cannot be read: {error}"))
        self.health.segments.append(segment)

    def _expired(self, file: Path) -> None:
        """A file was deleted since it was listed: what its writer wrote before is not missing."""
        for writer in self.writers.values():
            if (
                writer.last_file is not None
                and writer.last_file.name.split(".")[0] == file.name.split(".")[0]
            ):
                writer.last = 0

    def _take(self, segment: SegmentHealth, stretch: Stretch, counted: Iterable[Counted]) -> None:
        segment.bytes = max(segment.bytes, stretch.stop)
        segment.damages += stretch.bad
        segment.lines += stretch.rows
        if stretch.seqs:
            segment.first_ts = segment.first_ts or stretch.time_of(0)
            segment.last_ts = stretch.time_of(len(stretch.seqs) - 1)
        for name in set(stretch.writers):
            self.writers.setdefault(name, _Writer()).last_file = segment.file
        self.audit.take(stretch)
        if self.chains is not None:
            self._check_chain(self.chains, segment, stretch)
        for one in counted:
            self._count(segment, stretch, one)
        closed = {row for row, record in stretch.own if record["ev"] == "log.close"}
        for name, row in dict(zip(stretch.writers, range(len(stretch.writers)), strict=True)).items():
            self.writers[name].is_closed = row in closed
        for row, record in stretch.own:
            self._note(stretch.writers[row], record)

    def _check_chain(self, chains: Chains, segment: SegmentHealth, stretch: Stretch) -> None:
        for row, record in enumerate(stretch.records):
            if problem := chains.check(stretch.writers[row], stretch.texts[row], record):
                place = f"line {stretch.numbers[row]} (byte {stretch.start(row)})"
                segment.unfit.append(f"{place}: {problem}")

    def _count(self, segment: SegmentHealth, stretch: Stretch, one: Counted) -> None:
        writer = self.writers[one.writer]
        if writer.last and one.first > writer.last + 1:
            before = stretch.time_of(one.row)
            hole = Hole(one.writer, writer.last + 1, one.first - 1, segment.file.name, writer.last_ts, before)
            self.health.holes.append(hole)
        writer.last = max(writer.last, one.last)
        writer.last_ts = stretch.time_of(one.last_row)

    def _note(self, name: str, record: Record) -> None:
        match record["ev"]:
            case "log.open":
                self.writers[name].opened = record
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
        """Whether a damage in a shared file is half a line that a killed process left: nothing of it came after that."""
        head = _HALF.match(bad.head.lstrip())
        if head is None or "a whole record" in bad.reason:
            return False
        seen = self.walk.seen.get(head[2].decode())
        return seen is not None and bool(seen.ends) and int(head[1]) == seen.ends[-1] + 1

    def done(self) -> Health:
        """The judgement, once all files were read; holes that were only lines out of order are none."""
        gaps = {name: numbers.gaps(name) for name, numbers in self.walk.seen.items()}
        self.health.holes = [
            hole
            for hole in self.health.holes
            if any(gap.first <= hole.last and hole.first <= gap.last for gap in gaps[hole.writer])
        ]
        holes = {hole.file for hole in self.health.holes}
        states = self._states_of_writers()
        for segment in self.health.segments:
            found, segment.damages = segment.damages, []
            for bad in found:
                (segment.torn if bad.torn or self._is_half(bad) else segment.damages).append(bad)
            if not segment.state:
                segment.state = _state(segment, holes, states.get(segment.file, set()))
        self.health.findings = list(self.audit.findings())
        self.health.models = dict(self.audit.models)
        self.health.chained = None if self.chains is None else self.chains.checked
        return self.health

    def _states_of_writers(self) -> dict[Path, set[str]]:
        """How the writers stand whose last lines a file holds; notes those without a `log.close`."""
        states: dict[Path, set[str]] = {}
        for name, writer in self.writers.items():
            if writer.last_file is None:
                continue
            word = "clean"
            if not writer.is_closed:
                fate = liveness([(writer.opened or {}, False)])
                word = _WORDS.get(fate, "unfinished")
                if word != "live":
                    file, is_gone = writer.last_file.name, word == "crashed"
                    unclosed = Unclosed(name, file, writer.last, writer.last_ts, is_gone)
                    self.health.unclosed.append(unclosed)
            states.setdefault(writer.last_file, set()).add(word)
        return states


def _state(segment: SegmentHealth, holes: set[str], writers: set[str]) -> str:
    if segment.damages or segment.unfit:
        return "damaged"
    if segment.file.name in holes:
        return "gap"
    if not segment.lines:
        return "empty"
    # Where no writer has its last line in it, its writer went on in the next segment.
    return next((word for word in ("live", "crashed", "unfinished") if word in writers), "clean")


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
