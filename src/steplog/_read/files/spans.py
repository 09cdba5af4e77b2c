"""A run's lines, read in whole stretches of its files and picked out by how they begin."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from steplog._read.files.lines import BadLine, Line, judge, misfit
from steplog._read.files.standing import open_standing

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import BinaryIO

    from steplog._format.record import Record
    from steplog._read.files.digest import RunLines

_HEAD_BYTES: Final = 200  # in which a line says whose it is
_AS_WE_WRITE: Final = re.compile(rb'\{"seq":\d+,"ts":"')
_PLAIN_ID: Final = re.compile("[0-9a-f]{16}")
_MOST_OPEN: Final = 8


class Shelf:
    """Files of a log that are read from again and again: open within `kept_open`, else opened for each look."""

    def __init__(self) -> None:
        """Nothing is open."""
        self._open: dict[Path, BinaryIO] = {}
        self._users = 0

    @contextmanager
    def kept_open(self) -> Generator[None]:
        """Within this block files stay open, the few that were used last."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._close(0)

    def read(self, file: Path, begins: int, ends: int) -> bytes:
        """The bytes of a file's plain text from one place to another, or to its end.

        Raises: FileNotFoundError if it stands in neither form; OSError; what `unreadable` says.
        """
        if not self._users:
            _, stream = open_standing(file)
            with stream:
                stream.seek(begins)
                return stream.read(ends - begins)
        stream = self._open.pop(file, None)
        if stream is None:
            _, stream = open_standing(file)
            self._close(_MOST_OPEN - 1)
        self._open[file] = stream  # the last is the one used last
        stream.seek(begins)
        return stream.read(ends - begins)

    def _close(self, most: int) -> None:
        while len(self._open) > most:
            self._open.pop(next(iter(self._open))).close()


def records_of(part: RunLines, shelf: Shelf) -> tuple[list[Record], list[BadLine]]:
    """The lines of a run that stand in one file, in the order of the file, and what of them is damaged.

    Raises: OSError, and what `unreadable` says.
    """
    if part.file is None:
        return [], []
    data = shelf.read(part.file, part.begins, part.ends)
    records: list[Record] = []
    bad: list[BadLine] = []
    name = b'"run":"%b"' % part.id.encode() if _PLAIN_ID.fullmatch(part.id) else b"\0"
    place = part.begins
    for text in data.split(b"\n"):
        if text.find(name, 0, _HEAD_BYTES) >= 0:
            try:
                record = orjson.loads(text)
            except orjson.JSONDecodeError:
                record = {}
            if not misfit(record) and record["run"] == part.id:
                records.append(record)
                place += len(text) + 1
                continue
        elif name != b"\0" and text.endswith(b"}") and _AS_WE_WRITE.match(text):
            place += len(text) + 1
            continue  # another run's
        _judge(text, place, part, records, bad)
        place += len(text) + 1
    return records, bad


def _judge(text: bytes, place: int, part: RunLines, records: list[Record], bad: list[BadLine]) -> None:
    """Takes what is this run's of a line that is damaged, or not as our writer writes them."""
    for found in judge(text + b"\n", part.file or Path(), 0, place):
        if isinstance(found, Line):
            records += [found.record] if found.record.get("run") == part.id else []
        elif part.id.encode() in text:
            bad.append(found)
