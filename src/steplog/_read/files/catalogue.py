"""The runs of a log, newest first, found as far as anybody asked; and what was noticed of the log on the way.

Within a writer's files, and within a file that several share, runs stand in the order of their lines. Across these the
time of a run's start decides.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from steplog._read.files.noticed import Noticed, notice
from steplog._read.files.series import Series
from steplog._read.files.settled import is_told_by_names, settled
from steplog._read.files.standing import open_standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from steplog._format.record import Record
    from steplog._read.files.digest import RunLines
    from steplog._read.files.lines import BadLine
    from steplog._read.files.log_file import LogFile, Parts
    from steplog._read.files.sequence import Gap

_ANY_TIME: Final = "~"  # behind every `ts`
_LONGEST_OPEN: Final = 1 << 16


class _Next(NamedTuple):
    """Where a series stands: with a run to give, or with a part to read before its runs can be told."""

    ts: str
    is_unread: bool
    number: int


_NOTHING: Final = _Next("", is_unread=False, number=-1)


class Catalogue:
    """Finds the runs of these files, each with what reads its parts; the files in the order of a log's listing."""

    def __init__(self, files: Sequence[tuple[LogFile, Parts]], *, are_copies: bool = False) -> None:
        """Nothing is read yet. are_copies: they are the files of several logs, which may have lines in common."""
        self._files = files
        self._are_copies = are_copies
        self._is_settled = are_copies or not is_told_by_names(files)
        self._series: list[Series] = []
        self._of_file: dict[Path | None, Series] = {}
        self._next: list[_Next] | None = None
        self._last: dict[int, str] = {}
        self._damaged: dict[Path, list[int]] = {}
        self._given: list[RunLines] = []
        self._all: list[RunLines] | None = None

    def newest(self) -> Iterator[RunLines]:
        """The runs, newest first; no more of the log is read than they need."""
        at, is_settled = 0, self._is_settled
        given: set[tuple[str, str, int]] = set()
        while at < len(self._given) or self._find():
            if is_settled != self._is_settled:  # lines turned out to be repeated: all runs were found anew
                at, is_settled = 0, self._is_settled
                continue
            lines = self._given[at]
            at += 1
            key = (lines.id, lines.writer, lines.seq)
            if key not in given:
                given.add(key)
                yield lines

    def all(self) -> list[RunLines]:
        """All runs, oldest first."""
        if self._all is None:
            while self._find():
                pass
            self._all = self._given[::-1]
        return self._all

    def noticed(self) -> Noticed:
        """What was noticed of the log in what was read of it so far."""
        return notice(self._series)

    def has_all(self, run: RunLines, first: int, last: int) -> bool:
        """Whether every line of a run's writer between two numbers is in the log."""
        numbers = self._of_file[run.file].seen.get(run.writer)
        return numbers is not None and numbers.has_all(first, last)

    def note_damage(self, bad: Iterable[BadLine]) -> None:
        """Damages of the log that were found otherwise: the runs among whose lines they stand are not whole."""
        for one in bad:
            insort(self._damaged.setdefault(one.file, []), one.offset)

    def is_damaged(self, part: RunLines) -> bool:
        """Whether a damage is known to stand among lines of a run."""
        places = self._damaged.get(part.file) if part.file is not None else None
        if not places:
            return False
        at = bisect_left(places, part.begins)
        return at < len(places) and places[at] < part.ends

    def gaps(self, run: RunLines) -> list[Gap]:
        """The numbers of a run's writer that are missing in what was read of the log."""
        numbers = self._of_file[run.file].seen.get(run.writer)
        return [] if numbers is None else numbers.gaps(run.writer)

    def writer(self, run: RunLines, name: str) -> tuple[Record, bool]:
        """A writer of a run: its `log.open`, empty if that is lost, and whether it has closed its log."""
        series = self._of_file[run.file]
        said = series.writers.get(name)
        if said is None:
            return {}, False
        if said.opened is None and run.file is not None:
            said.opened = _opened(run.file, name)
            while said.opened is None and series.unread and not series.files[0].writer:
                series.read_on()
        return said.opened or {}, said.is_closed

    def _find(self) -> bool:
        """Finds one more run at least; False if there are no more."""
        if self._next is None:
            self._next = self._begin()
        while self._next:
            ts, is_unread, number = self._next.pop()
            series = self._series[number]
            if not is_unread:
                self._give(series, number, ts, self._next[-1] if self._next else _NOTHING)
                self._push(self._next, number)
                return True
            if series.unread:
                series.read_on()
            if series.repeats and not self._is_settled:
                self._is_settled = True
                self._next = self._begin()
            else:
                self._push(self._next, number)
        return False

    def _give(self, series: Series, number: int, ts: str, rival: _Next) -> None:
        """Gives the runs of a series that are newer than what any other has."""
        waiting, given = series.waiting, self._given
        while True:
            given.append(waiting.pop())
            self._last[number] = ts
            if not waiting:
                return
            ts = min(waiting[-1].ts or ts, ts)
            if (ts, False, number) < rival:
                return

    def _begin(self) -> list[_Next]:
        self._given.clear()
        if self._is_settled:
            self._series = settled(self._files, are_copies=self._are_copies)
        else:
            groups = groupby(self._files, key=lambda one: one[0].series)
            pairs = [list(group) for _, group in groups]
            self._series = [Series([file for file, _ in group], group[0][1]) for group in pairs]
        self._of_file = {file.path: series for series in self._series for file in series.files}
        self._last.clear()
        following: list[_Next] = []
        for number in range(len(self._series)):
            self._push(following, number)
        return following

    def _push(self, following: list[_Next], number: int) -> None:
        series, last = self._series[number], self._last.get(number, _ANY_TIME)
        if series.waiting:
            insort(following, _Next(min(series.waiting[-1].ts or last, last), is_unread=False, number=number))
        elif series.unread:
            insort(following, _Next(min(series.unread, last), is_unread=True, number=number))


def _opened(file: Path, writer: str) -> Record | None:
    """The `log.open` with which a file begins, if it is this writer's."""
    try:
        _, stream = open_standing(file)
        with stream:
            record = orjson.loads(stream.readline(_LONGEST_OPEN))
    except (OSError, ImportError, ValueError):
        return None
    is_theirs = isinstance(record, dict) and record.get("ev") == "log.open" and record.get("w") == writer
    return record if is_theirs else None
