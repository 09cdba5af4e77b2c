"""The newest lines of a log's files, read from their ends."""

from __future__ import annotations

import os
from bisect import insort
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from steplog._format.zstd import unreadable
from steplog._read.files.lines import BadLine, Line
from steplog._read.files.pieces import NO_END, pieces
from steplog._read.files.series import time_of_last_line
from steplog._read.files.standing import open_standing
from steplog._read.files.stretch import judged_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from steplog._read.files.log_file import LogFile

_STEP: Final = 64 << 10
_LARGEST_STEP: Final = 16 << 20


class _Dated(NamedTuple):
    """A line and its time; a damaged one is as old as the line before it."""

    ts: str
    line: Line | BadLine


class _End:
    """What is known of a file from its end on: `waiting` are lines that were not taken yet, the newest last."""

    def __init__(self, file: LogFile, stop: int) -> None:
        self.file = file
        self.unread = time_of_last_line(file)
        self.waiting: list[_Dated] = []
        self._stop = stop
        self._step = _STEP

    def read_on(self) -> None:
        """Reads the lines before those that are known."""
        if self._stop == NO_END:
            self._stop = _size_of(self.file)
        start = max(0, self._stop - self._step)
        found = _dated(_lines(self.file.path, start, self._stop))
        self._stop, self._step = start, min(4 * self._step, _LARGEST_STEP)
        self.waiting = found + self.waiting
        if found:
            self.unread = min(self.unread, found[0].ts or self.unread)
        if not start:
            self.unread = ""


def newest_lines(
    files: Iterable[tuple[LogFile, int]], count: int, *, are_copies: bool = False
) -> list[Line | BadLine]:
    """The `count` newest lines of these files, oldest first; of each file those that begin before a place in it.

    A file's lines stand in its order, those of different files as their times say. They are not counted: their `number`
    is 0. are_copies: the files are of several logs, and a line that several have counts once.
    """
    given: set[tuple[str, int]] = set()
    ends = [_End(file, stop) for file, stop in files] if count else []
    following = [(end.unread, True, number) for number, end in enumerate(ends)]
    following.sort()
    newest: list[Line | BadLine] = []
    while following and len(newest) < count:
        ts, is_unread, number = following.pop()
        end = ends[number]
        if is_unread:
            end.read_on()
        else:
            line = end.waiting.pop().line
            if not (are_copies and _was_given(line, end.file, given)):
                newest.append(line)
        if end.waiting:
            insort(following, (min(end.waiting[-1].ts or ts, ts), False, number))
        elif end.unread:
            insort(following, (min(end.unread, ts), True, number))
    return newest[::-1]


def _size_of(file: LogFile) -> int:
    """The size of a file's plain text; nothing where it cannot be read."""
    if not file.is_packed:
        return file.size
    try:
        _, stream = open_standing(file.path)
        with stream:
            return stream.seek(0, os.SEEK_END)
    except (ImportError, *unreadable()):
        return file.size


def _was_given(line: Line | BadLine, file: LogFile, given: set[tuple[str, int]]) -> bool:
    """Whether it is a line of the same writer and number as one before."""
    if isinstance(line, BadLine):
        return False
    key = (line.record.get("w") or file.writer, line.record.get("seq") or 0)
    if not all(key) or key not in given:
        given.add(key)
        return False
    return True


def _dated(lines: Iterable[Line | BadLine]) -> list[_Dated]:
    found: list[_Dated] = []
    ts = ""
    for line in lines:
        if isinstance(line, Line):
            ts = line.record.get("ts") or ts
        found.append(_Dated(ts, line))
    return found


def _lines(file: Path, start: int, stop: int) -> Iterator[Line | BadLine]:
    """The lines of a file that begin between two places, in its order. They are not counted: their number is 0."""
    try:
        form, stream = open_standing(file)
    except FileNotFoundError:
        return
    except OSError as error:
        yield BadLine(file, 0, 0, f"cannot be read: {error.strerror}")
        return
    except ImportError:
        yield BadLine(file, 0, 0, "compressed, and no zstd is installed: pip install backports.zstd")
        return
    with stream:
        for piece in pieces(stream, form, start, stop):
            if piece.problem:
                yield BadLine(file, 0, piece.offset, piece.problem, piece.data, piece.is_cut)
                continue
            for line, _ in judged_lines(piece.data, file, piece.offset, 0):
                yield replace(line, number=0)
