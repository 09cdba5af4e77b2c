"""What was noticed of a log in what was read of it: damages, holes, what its writers lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from steplog._read.files.lines import BadLine
from steplog._read.files.pieces import NO_END
from steplog._read.files.sequence import Gap, Sequence
from steplog._read.files.series import note_seen
from steplog._read.files.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from steplog._format.record import Record
    from steplog._read.files.digest import Digest
    from steplog._read.files.log_file import LogFile
    from steplog._read.files.series import Series

_MOST_COUNTED: Final = 256 << 20  # bytes before a damage in which lines are counted, to say its number
_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Noticed:
    """What somebody who trusts a log should know of what was read of it; the fields are those of `Log`."""

    bad: tuple[BadLine, ...]
    gaps: tuple[Gap, ...]
    lost: tuple[Record, ...]
    faults: tuple[Record, ...]
    notices: tuple[str, ...]


def notice(everything: list[Series]) -> Noticed:
    """What was noticed in the parts of these files that were read, in their order."""
    read = [one for series in everything for one in reversed(series.read)]
    seen: dict[str, Sequence] = {}
    for series in everything:
        note_seen(seen, series.seen)
    excused = [hole for series in everything for hole in _deleted_meanwhile(series)]
    gaps = [gap for writer, numbers in seen.items() if writer for gap in numbers.gaps(writer)]
    return Noticed(
        bad=tuple(_bad(read)),
        gaps=tuple(gap for gap in gaps if not any(_lies_in(gap, hole) for hole in excused)),
        lost=tuple(record for _, _, found in read for record in found.lost),
        faults=tuple(record for _, _, found in read for record in found.faults),
        notices=tuple(dict.fromkeys(sentence for _, _, found in read for sentence in found.notices)),
    )


def every_damage(files: Iterable[LogFile], *, are_copies: bool) -> Iterator[BadLine]:
    """Each damaged, repeated or unfinished line of these files: every line is parsed."""
    walk = Walk(every=True, are_copies=are_copies)
    for file in files:
        stop = NO_END if file.is_packed else file.size
        try:
            for found, _ in walk.stretches(file.path, stop=stop):
                yield from found.bad
        except FileNotFoundError:
            continue  # deleted meanwhile: it has expired
        except OSError as error:
            yield BadLine(file.path, 0, 0, f"cannot be read: {error.strerror}")


def _lies_in(gap: Gap, hole: Gap) -> bool:
    return gap.writer == hole.writer and hole.first <= gap.first and gap.last <= hole.last


def _deleted_meanwhile(series: Series) -> Iterator[Gap]:
    """Numbers that stood in files which were deleted while the log was read: these have expired, and are no gaps."""
    for gone in series.gone:
        before, behind = 0, 1 << 62
        for file, _, found in series.read:
            numbers = found.seen.get(gone.writer)
            if numbers is None or not numbers.starts:
                continue
            if file.part < gone.part:
                before = max(before, numbers.ends[-1])
            else:
                behind = min(behind, numbers.starts[0])
        yield Gap(gone.writer, before + 1, behind - 1)


def _bad(read: list[tuple[LogFile, int, Digest]]) -> Iterator[BadLine]:
    """The damages, with the numbers that their lines have in the file."""
    lines: dict[object, int] = {}  # of each file, before the part that comes; -1 where nobody counted them
    for file, part, found in read:
        before = lines.get(file.path, 0 if part == 0 else -1)
        if before < 0 and found.bad and not file.is_packed:
            before = lines_before(file.form, found.offset)
        lines[file.path] = -1 if before < 0 else before + found.physical
        for bad in found.bad:
            number = bad.number and (0 if before < 0 else bad.number + before)
            yield bad if number == bad.number else replace(bad, number=number)


def lines_before(file: Path, place: int) -> int:
    """How many lines of a plain file begin before the place at which one does; -1 if that is too far to count."""
    if place > _MOST_COUNTED:
        return -1
    count = 0
    try:
        with file.open("rb") as stream:
            while place > 0 and (data := stream.read(min(_AT_ONCE, place))):
                count += data.count(b"\n")
                place -= len(data)
    except OSError:
        return -1
    return count
