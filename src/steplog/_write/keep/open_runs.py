"""Which of a living writer's segments hold the beginning of a run that is still open."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from steplog._format.line import decode
from steplog._format.zstd import open_segment, unreadable
from steplog._write.keep.segments import Segment

# Small, since a search holds the interpreter, and the program whose log it is runs beside it.
_AT_ONCE: Final = 1 << 18
_ABOUT_A_RUN: Final = b'"ev":"run.'
_HEAD: Final = b'{"seq":'
_RUN_LINE: Final = re.compile(
    rb'\{"seq":\d+,"ts":"[^"]*",(?:"w":"[^"]*",)?"run":"([^"]*)","ev":"run\.(start|end)"'
)


class WriterRuns:
    """What is known of the beginnings and ends of one writer's runs; each of its segments is read once."""

    def __init__(self, parts: Iterable[int]) -> None:
        """`parts` are the places of its segments in its rotation."""
        self._unread = sorted(parts)  # what may have more to tell
        self._done: dict[int, int] = {}  # part -> bytes of whole lines that were read
        self._open: dict[int, set[str]] = {}  # part -> runs that began there and did not end there
        self._ended: dict[str, int] = {}  # run that began in an earlier part -> the part in which it ended

    def note(self, part: int) -> None:
        """The writer has begun another segment."""
        insort(self._unread, part)

    def are_open_in(self, part: int, segment: Callable[[int], Segment | None]) -> bool:
        """Whether a run that began in this part ended neither there nor later.

        `segment` gives the segment of a part. True as well where one cannot be read: who cannot read must not judge.
        """
        try:
            for each in self._unread[bisect_left(self._unread, part) :]:
                self._read(each, segment(each))
                if self._are_over(part):
                    return False
        except (ImportError, *unreadable()):
            return True
        return not self._are_over(part)

    def _are_over(self, part: int) -> bool:
        return all(self._ended.get(run, 0) > part for run in self._open.get(part, ()))

    def _read(self, part: int, segment: Segment | None) -> None:
        is_last = part == self._unread[-1]
        if segment is not None:
            with open_segment(Path(segment.path)) as file:
                self._done[part] = file.seek(self._done.get(part, 0))
                for lines in _whole_lines(file):
                    self._done[part] += len(lines)
                    self._take(part, lines)
        if not is_last:
            self._unread.remove(part)
            self._done.pop(part, None)

    def _take(self, part: int, lines: bytes) -> None:
        begun = self._open.setdefault(part, set())
        for run, is_start in _run_lines(lines):
            if is_start:
                begun.add(run)
            elif run in begun:
                begun.remove(run)
            else:
                self._ended[run] = max(part, self._ended.get(run, 0))


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Blocks of whole lines; a last line without its end is left out."""
    rest = b""
    while more := file.read(_AT_ONCE):
        whole, end, rest = (rest + more).rpartition(b"\n")
        yield whole + end


def _run_lines(lines: bytes) -> Iterator[tuple[str, bool]]:
    """The runs that begin or end in these lines, each with whether it begins."""
    at = lines.find(_ABOUT_A_RUN)
    while at >= 0:
        begin, end = lines.rfind(b"\n", 0, at) + 1, lines.find(b"\n", at)
        found = _run_line(lines[begin:end])
        if found is not None:
            yield found
        at = lines.find(_ABOUT_A_RUN, end)


def _run_line(line: bytes) -> tuple[str, bool] | None:
    """What a line is about that is about a run, and does not only say so somewhere in a value."""
    found = _RUN_LINE.match(line)
    if found is None or not _is_record(line):
        # Behind damage a whole line may stand: a run that may have begun there is open, never ended.
        at = line.rfind(_HEAD)
        found = _RUN_LINE.match(line, at) if at > 0 and not _is_record(line) else None
        return (found[1].decode(), True) if found is not None and found[2] == b"start" else None
    return found[1].decode(), found[2] == b"start"


def _is_record(line: bytes) -> bool:
    try:
        decode(line)
    except ValueError:
        return False
    return True
