"""One walk over a log's lines: whose each line is, which numbers are missing, and which lines were seen before.

The listing of runs and `steplog doctor` both walk by this; the doctor has every line parsed, a listing those that look odd.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from steplog._format.segment_name import writer_in_name
from steplog._read.files.lines import BadLine
from steplog._read.files.pieces import NO_END, pieces
from steplog._read.files.sequence import Sequence
from steplog._read.files.standing import open_standing
from steplog._read.files.stretch import Stretch, look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from steplog._read.files.pieces import Piece

_UNCOUNTED: Final = -(1 << 62)  # behind bytes that cannot be read nobody knows a line's number


@dataclass(slots=True)
class Counted:
    """Lines of one writer that follow each other without a hole: their numbers, and the rows of the first and last."""

    writer: str
    first: int
    last: int
    row: int
    last_row: int


class Walk:
    """Goes through files of a log, one after the other."""

    def __init__(
        self, *, every: bool = False, seen: dict[str, Sequence] | None = None, are_copies: bool = False
    ) -> None:
        """every: whether each line is parsed; `seen`: the numbers, by writer, of lines that would be repetitions.

        are_copies: lines may well be repeated, and that is no damage.
        """
        self.seen: dict[str, Sequence] = {} if seen is None else seen
        self._every = every
        self._are_copies = are_copies

    def stretches(
        self, file: Path, *, start: int = 0, stop: int = NO_END, owner: str = ""
    ) -> Iterator[tuple[Stretch, list[Counted]]]:
        """The lines of a file that begin at byte `start` or behind it and before byte `stop`, each with its writer's name.

        `owner` wrote the lines that do not say who did, until a `log.open` comes. A repeated line becomes a `BadLine`.
        Damages and lines are numbered from 1, be `start` where it may.

        Raises: FileNotFoundError if the file stands in neither form; OSError.
        """
        owner = owner or writer_in_name(file)
        try:
            form, stream = open_standing(file)
        except ImportError:
            bad = BadLine(file, 0, 0, "compressed, and no zstd is installed: pip install backports.zstd")
            yield Stretch(file, 0, 0, bad=[bad]), []
            return
        with stream:
            for found in self._stretches(pieces(stream, form, start, stop), file):
                owner = _name_writers(found, owner)
                counted = _counted(found)
                repeated = [one for one in counted if not self._is_new(one)]
                if repeated:
                    found = self._once(found, repeated)  # noqa: PLW2901 -- the same stretch, cleared
                    counted = _counted(found)
                yield found, counted

    def _stretches(self, found: Iterable[Piece], file: Path) -> Iterator[Stretch]:
        number = 1
        for piece in found:
            if piece.problem:
                bad = BadLine(file, number, piece.offset, piece.problem, piece.data, piece.is_cut)
                yield Stretch(file, piece.offset, piece.offset, bad=[bad])
                number = number + 1 if piece.data else _UNCOUNTED
                continue
            stretch = look(piece.data, file, piece.offset, number, every=self._every)
            number += stretch.physical
            if number < 0:
                stretch.bad = [replace(bad, number=0) for bad in stretch.bad]
            yield stretch

    def _is_new(self, one: Counted) -> bool:
        return self._numbers_of(one.writer).add_range(one.first, one.last)

    def _numbers_of(self, writer: str) -> Sequence:
        numbers = self.seen.get(writer)
        if numbers is None:
            numbers = self.seen[writer] = Sequence()
        return numbers

    def _once(self, found: Stretch, counted: list[Counted]) -> Stretch:
        """The stretch without the rows of these that were seen before: damages."""
        dropped: set[int] = set()
        for one in counted:
            numbers = self._numbers_of(one.writer)
            for row in range(one.row, one.last_row + 1):
                if found.writers[row] == one.writer and found.seqs[row] and not numbers.add(found.seqs[row]):
                    dropped.add(row)
                    if self._are_copies:
                        continue
                    reason = f"repeats line {found.seqs[row]} of writer {one.writer}"
                    found.bad.append(BadLine(found.file, found.numbers[row], found.start(row), reason))
        return found.only([row for row in range(len(found.seqs)) if row not in dropped])


def _name_writers(found: Stretch, owner: str) -> str:
    """Gives each line that does not name its writer the file's owner; who is the owner behind this stretch."""
    opens = [(row, str(record.get("w") or "")) for row, record in found.own if record["ev"] == "log.open"]
    if "" not in found.writers:
        return opens[-1][1] if opens and opens[-1][1] else owner
    writers = list(found.writers)
    begin = 0
    # Lines without a name belong to who opened the file last: a segment has one writer.
    for row, opener in [*opens, (len(writers), "")]:
        writers[begin:row] = [writer or owner for writer in writers[begin:row]]
        begin, owner = row, opener or owner
    found.writers = writers
    return owner


def _counted(found: Stretch) -> list[Counted]:
    """The lines that have a number and a writer, as far as they follow each other without a hole."""
    seqs, writers = found.seqs, found.writers
    if seqs and seqs[0] and writers[0] and len(set(writers)) == 1:
        last = seqs[0] + len(seqs) - 1
        if seqs == list(range(seqs[0], last + 1)):
            return [Counted(writers[0], seqs[0], last, 0, len(seqs) - 1)]
    out: list[Counted] = []
    running: dict[str, Counted] = {}
    for row, (writer, seq) in enumerate(zip(writers, seqs, strict=True)):
        if not (writer and seq):
            continue  # without a writer's name nothing says that equal numbers are the same line
        one = running.get(writer)
        if one is not None and one.last + 1 == seq:
            one.last, one.last_row = seq, row
        else:
            one = running[writer] = Counted(writer, seq, seq, row, row)
            out.append(one)
    return out
