"""A stretch of a file as its lines, in columns: picked by how they begin, and judged one by one only if something is off.

The envelope stands first in every line, in one order, and inside strings quotes are escaped: what matches at the
beginning of a line cannot be content. So one search over the bytes tells whose line each is, and nothing is parsed but
what a run, or the log, says of itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import orjson

from steplog._read.files.lines import BadLine, Line, judge, misfit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from steplog._format.record import Record

# Number, writer, run, and the event of a line that a run or the log says of itself. Each part is as long as our writer
# makes it: to count bytes is cheaper than to look at them, and what was counted is looked at once a stretch.
_HEAD: Final = re.compile(
    rb'\{"seq":(\d{1,18}+),"ts":".{27}"(?:,"w":"(.{8})")?+(?:,"run":"(.{16})")?+(?:,"ev":"((?:run|log)\.[a-z_]++)")?+',
    re.DOTALL,
)
_NO_NAME: Final = re.compile(rb'["\\\x00-\x1f]')
_TIME: Final = re.compile(rb'\{"seq":\d+,"ts":"([^"\\]*)"')
_OF_LOG: Final = b"log."
_LAST_BYTE: Final = itemgetter(-1)
_CLOSED: Final = {ord("}")}


@dataclass(slots=True)
class Stretch:
    """The good lines of a stretch, as rows from 0 on in columns, and what of it is no good line.

    `seqs` has 0 for a line without a number, `writers` and `runs` nothing for a line that names none; `texts` are the
    lines' bytes without their ends, `numbers` count physical lines. `own` are the rows, with their records, that a run
    or the log says of itself (`run.*`, `log.*`). `records` are there only where every line was judged.
    """

    file: Path
    offset: int
    stop: int
    physical: int = 0  # lines, blank ones and damaged ones included
    seqs: Sequence[int] = ()
    writers: Sequence[str] = ()
    runs: Sequence[bytes] = ()
    numbers: Sequence[int] = ()
    texts: Sequence[bytes] = ()
    own: list[tuple[int, Record]] = field(default_factory=list["tuple[int, Record]"])
    bad: list[BadLine] = field(default_factory=list[BadLine])
    records: list[Record] = field(default_factory=list["Record"])
    places: Sequence[
        int
    ] = ()  # where each line begins, but for so many line ends (`breaks`) for each row before it
    breaks: int = 0

    @property
    def is_dense(self) -> bool:
        """Whether it holds nothing but good lines as our writer writes them."""
        return self.breaks == 1

    def start(self, row: int) -> int:
        """Where a line begins, in bytes."""
        return self.places[row] + row * self.breaks

    def end(self, row: int) -> int:
        """Where the line after it begins."""
        return self.start(row) + len(self.texts[row]) + 1

    def only(self, rows: list[int]) -> Stretch:
        """The same without the other rows."""
        place = {row: at for at, row in enumerate(rows)}
        found = Stretch(self.file, self.offset, self.stop, self.physical, bad=self.bad)
        found.seqs, found.writers = [self.seqs[row] for row in rows], [self.writers[row] for row in rows]
        found.runs, found.numbers = [self.runs[row] for row in rows], [self.numbers[row] for row in rows]
        found.texts, found.places = [self.texts[row] for row in rows], [self.start(row) for row in rows]
        found.own = [(place[row], record) for row, record in self.own if row in place]
        found.records = [self.records[row] for row in rows] if self.records else []
        return found

    def time_of(self, row: int) -> str:
        """The `ts` of a line; empty where it has none."""
        ts = _TIME.match(self.texts[row])
        return (
            ts[1].decode("utf-8", "replace") if ts else str((_parsed(self.texts[row]) or {}).get("ts") or "")
        )


def look(data: bytes, file: Path, offset: int, number: int, *, every: bool) -> Stretch:
    """The lines of `data`, which begins at `offset` of the file with line `number`, and ends with a line's end.

    every: whether each line is parsed, and not only those that look odd.
    """
    found = _glance(data, file, offset, number, every=every)
    return _judged(data, file, offset, number) if found is None else found


def _glance(data: bytes, file: Path, offset: int, number: int, *, every: bool) -> Stretch | None:
    """The lines by their beginnings and last bytes; None if anything is off."""
    if not data.endswith(b"\n") or b"\0" in data:
        return None
    lines = data.split(b"\n")
    lines.pop()
    found = Stretch(file, offset, offset + len(data), len(lines))
    found.numbers = range(number, number + len(lines))
    found.places, found.breaks = list(accumulate(map(len, lines), initial=offset)), 1
    if b"" in lines:
        lines = _without_blank(found, lines)
    if not lines:
        return found
    heads = [head.groups(b"") for head in map(_HEAD.match, lines) if head is not None]
    if len(heads) != len(lines) or {*map(_LAST_BYTE, lines)} != _CLOSED:
        return None
    found.texts = lines
    seqs, writers, found.runs, events = zip(*heads, strict=True)
    if _NO_NAME.search(b"".join({*writers, *found.runs})):
        return None
    found.seqs = list(map(int, seqs))
    names = {writer: writer.decode("utf-8", "replace") for writer in set(writers)}
    found.writers = list(map(names.__getitem__, writers))
    is_sound = _take_own(found, events) and (not every or _take_records(found))
    return found if is_sound else None


def _without_blank(found: Stretch, lines: list[bytes]) -> list[bytes]:
    """The lines that are not blank, which mean nothing; those go out of the columns."""
    kept = [at for at, line in enumerate(lines) if line]
    found.numbers = [found.numbers[at] for at in kept]
    found.places, found.breaks = [found.places[at] + at for at in kept], 0
    return [lines[at] for at in kept]


def _take_own(found: Stretch, events: Sequence[bytes]) -> bool:
    """Parses what runs and the log say of themselves; False if one of these lines is no record."""
    of_log = 0
    for row in [row for row, event in enumerate(events) if event]:
        record = _parsed(found.texts[row])
        if record is None or record["ev"] != events[row].decode():
            return False
        found.own.append((row, record))
        of_log += events[row].startswith(_OF_LOG)
    return found.runs.count(b"") == of_log  # every other line belongs to a run


def _take_records(found: Stretch) -> bool:
    for line in found.texts:
        record = _parsed(line)
        if record is None or misfit(record):
            return False
        found.records.append(record)
    return True


def _parsed(line: bytes) -> Record | None:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _judged(data: bytes, file: Path, offset: int, number: int) -> Stretch:
    """The lines one by one, each parsed."""
    found = Stretch(file, offset, offset + len(data), data.count(b"\n") + (not data.endswith(b"\n")))
    seqs, writers, runs = list[int](), list[str](), list[bytes]()
    places, numbers, texts = list[int](), list[int](), list[bytes]()
    for line, end in judged_lines(data, file, offset, number):
        if isinstance(line, BadLine):
            found.bad.append(line)
            continue
        record = line.record
        if record["ev"].startswith(("run.", "log.")):
            found.own.append((len(seqs), record))
        seqs.append(record.get("seq") or 0)
        writers.append(record.get("w") or "")
        runs.append((record.get("run") or "").encode("utf-8", "replace"))
        places.append(line.offset)
        numbers.append(line.number)
        found.records.append(record)
        texts.append(data[line.offset - offset : end - offset].strip(b"\r\n"))
    found.seqs, found.writers, found.runs = seqs, writers, runs
    found.texts, found.numbers, found.places = texts, numbers, places
    return found


def judged_lines(data: bytes, file: Path, offset: int, number: int) -> Iterator[tuple[Line | BadLine, int]]:
    """Each line and damage of bytes that begin at `offset` of a file with line `number`, and where it ends there."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        found = list(judge(data[at:end], file, number, offset + at))
        for place, one in enumerate(found, 1):
            following = found[place] if place < len(found) else None
            yield one, following.offset if isinstance(following, Line) else offset + end
        at, number = end, number + 1
