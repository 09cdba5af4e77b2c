"""What one pass over a file finds: the runs in it and where their lines stand, its writers, its damages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._format.record import FORMAT_VERSION
from steplog._read.files.pieces import NO_END
from steplog._read.files.sequence import Sequence
from steplog._read.files.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from weakref import ref

    from steplog._format.record import Record
    from steplog._read.files.lines import BadLine
    from steplog._read.files.stretch import Stretch

# Of a run's own lines, what a listing shows and filters by; the rest is read again when somebody asks for it.
_KEPT: Final = (
    "ts", "id", "name", "framework", "thread", "parent_run", "parent_step", "resumes", "tags", "metadata",
    "status", "ms", "totals", "masked", "implied",
)  # fmt: skip
_MAY_BE_LARGE: Final = ("metadata", "tags")
_MOST_BYTES: Final = 2048  # of each of these


@dataclass(slots=True, eq=False)
class RunLines:
    """Where the lines of a run stand in one file, and what the run's own lines there say.

    `begins` and `ends` are the bytes between which they stand, `rows` how many they are; `is_alone`: nothing else stands
    there. `seq` and `ts` are the number and time of the first. `first` and `last` are the numbers of its start and end
    lines, 0 where those are elsewhere. `is_late`: there are lines behind its end, or it was ended twice. `others` are
    writers besides `writer`, `then` its lines in later files.
    """

    file: Path
    id: str
    writer: str
    begins: int
    ends: int
    seq: int
    ts: str
    start: Record | None = None
    end: Record | None = None
    first: int = 0
    last: int = 0
    rows: int = 0
    is_alone: bool = True
    is_late: bool = False
    others: tuple[str, ...] = ()
    then: tuple[RunLines, ...] = ()
    run: ref[Any] | None = None  # what was made of it, for as long as somebody holds that


@dataclass(slots=True)
class WriterLines:
    """What a file says of one writer: its last `log.open` there, and whether its last line there is `log.close`."""

    opened: Record | None = None
    is_closed: bool = False


@dataclass(slots=True)
class Digest:
    """What was found between two places of a file.

    `runs` are in the order of their first lines, `current` those that a line without a start belongs to. `seen` are the
    lines' numbers, by writer. `since` and `offset` are the time and place of the first line. `bad` numbers lines from 1
    there.
    """

    runs: list[RunLines] = field(default_factory=list[RunLines])
    seen: dict[str, Sequence] = field(default_factory=dict[str, Sequence])
    writers: dict[str, WriterLines] = field(default_factory=dict[str, WriterLines])
    bad: list[BadLine] = field(default_factory=list["BadLine"])
    lost: list[Record] = field(default_factory=list["Record"])
    faults: list[Record] = field(default_factory=list["Record"])
    notices: list[str] = field(default_factory=list[str])
    lines: int = 0
    physical: int = 0  # as `lines`, with blank and damaged ones
    since: str = ""
    offset: int = 0
    current: dict[bytes, RunLines] = field(default_factory=dict[bytes, RunLines])


def digest(
    file: Path,
    *,
    start: int = 0,
    stop: int = NO_END,
    every: bool = False,
    seen: dict[str, Sequence] | None = None,
    are_copies: bool = False,
) -> Digest:
    """What stands in a file, of the lines that begin at byte `start` or behind it and before byte `stop`.

    every: whether each line is parsed. `seen`: the numbers, by writer, of lines that would be repetitions; these are no
    damage where `are_copies`.

    Raises: FileNotFoundError if the file stands in neither form; OSError.
    """
    before = {writer: numbers.copy() for writer, numbers in (seen or {}).items()}
    walk = Walk(every=every, seen=before, are_copies=are_copies)
    found = Digest(seen=walk.seen if seen is None else {})
    for stretch, counted in walk.stretches(file, start=start, stop=stop):
        if not found.physical:
            found.offset = stretch.offset
        found.bad += stretch.bad
        found.lines += len(stretch.seqs)
        found.physical += stretch.physical
        if stretch.seqs and not found.since:
            found.since = stretch.time_of(0)
        _take_runs(found, stretch)
        _take_writers(found, stretch)
        for one in counted if seen is not None else ():
            found.seen.setdefault(one.writer, Sequence()).add_range(one.first, one.last)
    _reunite(found)
    return found


def _reunite(found: Digest) -> None:
    """Lines may stand before the start of their run, where somebody has sorted them anew."""
    begun: dict[str, list[RunLines]] = {}
    for run in found.runs:
        if run.start is not None:
            begun.setdefault(run.id, []).append(run)
    for run in [run for run in found.runs if run.start is None and run.id in begun]:
        mine = beginning_of(run, begun[run.id])
        if mine is not None:
            go_on(mine, run)
            found.runs = [one for one in found.runs if one is not run]


def go_on(run: RunLines, later: RunLines) -> None:
    """A run goes on behind the place up to which it was known: in the same file, or in the next."""
    ended = run.end is not None or any(part.end is not None for part in run.then)
    run.is_late = run.is_late or later.is_late or ended
    writers = dict.fromkeys((*run.others, later.writer, *later.others))
    run.others = tuple(name for name in writers if name != run.writer)
    last = run.then[-1] if run.then else run
    if last.file == later.file and last.ends <= later.begins:
        last.is_alone = last.is_alone and later.is_alone and last.ends == later.begins
        last.ends, last.rows = later.ends, last.rows + later.rows
        if later.end is not None and not (last.end is not None and later.end.get("implied")):
            last.end, last.last = later.end, later.last
        run.then += later.then
    else:
        run.then += (later, *later.then)
    later.then = ()


def beginning_of(run: RunLines, begun: Iterable[RunLines]) -> RunLines | None:
    """Of runs of the same id the one that its writer began last before these lines; None if it began none."""
    before = [one for one in begun if one.writer == run.writer and one.first and one.first < run.seq]
    return max(before, key=lambda one: one.first, default=None)


def _take_runs(found: Digest, stretch: Stretch) -> None:
    runs = stretch.runs
    rows = Counter(runs)
    last = dict(zip(runs, range(len(runs)), strict=True))
    begun = {runs[row]: row for row, record in reversed(stretch.own) if record["ev"] == "run.start"}
    for run, row in last.items():
        if run:
            _take_lines(found, stretch, run, row, rows[run], begun.get(run))
    for row, record in stretch.own:
        run = runs[row]
        if record["ev"] == "run.start":
            _take_start(found, stretch, row, record, last[run], rows[run])
        elif record["ev"] == "run.end":
            _take_end(found.current[run], stretch, row, record, is_late=last[run] > row)
    if len(set(stretch.writers)) > 1:
        _take_others(found, stretch)


def _take_lines(found: Digest, stretch: Stretch, run: bytes, last: int, rows: int, begun: int | None) -> None:
    """A run's lines in a stretch, of which `last` is the last row, and `begun` that of its start, if that is there."""
    known, first = found.current.get(run), 0
    if known is None:
        first = stretch.runs.index(run)
        if begun == first:
            return  # its start tells it
        known = _begin(found, stretch, first)
    else:
        known.is_late = known.is_late or known.end is not None
        known.is_alone = known.is_alone and known.ends == stretch.offset
    known.is_alone = known.is_alone and stretch.is_dense and rows == last + 1 - first
    known.ends, known.rows = stretch.end(last), known.rows + rows


def _take_end(known: RunLines, stretch: Stretch, row: int, record: Record, *, is_late: bool) -> None:
    known.is_late = known.end is not None or is_late
    if known.end is None or not record.get("implied"):
        known.end, known.last = _small(record, stretch.texts[row]), stretch.seqs[row]


def _take_others(found: Digest, stretch: Stretch) -> None:
    for writer, run in set(zip(stretch.writers, stretch.runs, strict=True)):
        known = found.current.get(run)
        if known is not None and writer != known.writer and writer not in known.others:
            known.others = (*known.others, writer)


def _take_start(found: Digest, stretch: Stretch, row: int, record: Record, last: int, rows: int) -> None:
    # A program may use one id for several runs (LangChain lets it): each start is a run of its own.
    before = found.current.get(stretch.runs[row])
    if before is not None:
        before.ends, before.is_alone = min(before.ends, stretch.start(row)), False
    run = _begin(found, stretch, row, record.get("ts") or "")
    run.start, run.first = _small(record, stretch.texts[row]), run.seq
    run.ends, run.rows = stretch.end(last), rows
    run.is_alone = stretch.is_dense and rows == last + 1 - row


def _begin(found: Digest, stretch: Stretch, row: int, ts: str = "") -> RunLines:
    run = RunLines(
        stretch.file,
        stretch.runs[row].decode("utf-8", "replace"),
        stretch.writers[row],
        stretch.start(row),
        stretch.end(row),
        stretch.seqs[row],
        ts or stretch.time_of(row),
    )
    found.runs.append(run)
    found.current[stretch.runs[row]] = run
    return run


def _take_writers(found: Digest, stretch: Stretch) -> None:
    closed: dict[str, int] = {}
    for row, record in stretch.own:
        ev, writer = record["ev"], stretch.writers[row]
        if ev == "log.open":
            found.writers.setdefault(writer, WriterLines()).opened = record
            version = record.get("v", FORMAT_VERSION)
            if version != FORMAT_VERSION:
                found.notices.append(
                    f"{stretch.file} is of format version {version}; this steplog knows version {FORMAT_VERSION} and "
                    "shows what it understands: a newer steplog may show more"
                )
        elif ev == "log.close":
            closed[writer] = row
        elif ev == "log.lost":
            found.lost.append(record)
        elif ev == "log.error":
            found.faults.append(record)
    rows = range(len(stretch.writers))
    last = (
        {stretch.writers[-1]: rows[-1]}
        if len(set(stretch.writers)) == 1
        else dict(zip(stretch.writers, rows, strict=True))
    )
    for writer, row in last.items():
        found.writers.setdefault(writer, WriterLines()).is_closed = closed.get(writer) == row


def _small(record: Record, text: bytes) -> Record:
    """A run's own line without its content, which is read again when somebody asks for it; what is too large is None."""
    small = {name: record[name] for name in _KEPT if name in record}
    for name in _MAY_BE_LARGE if len(text) > _MOST_BYTES else ():
        if name in small and len(orjson.dumps(small[name])) > _MOST_BYTES:
            small[name] = None
    return small
