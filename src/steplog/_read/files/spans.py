"""A run's lines, read in whole stretches of its files and picked out by how they begin."""

from __future__ import annotations

import re
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import orjson

from steplog._read.files.lines import BadLine, Line, judge
from steplog._read.files.standing import open_standing

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import BinaryIO

    from steplog._format.record import Record
    from steplog._read.files.digest import RunLines

_HEAD_BYTES: Final = 200  # in which a line says whose it is
_AS_WE_WRITE: Final = re.compile(rb'\{"seq":\d+,"ts":"')
_PLAIN_ID: Final = re.compile("[0-9a-f]{16}")
_MOST_OPEN: Final = 8
_RUN, _EVENT = itemgetter("run"), itemgetter("ev")


class Shelf:
    """Files of a log that are read from again and again: open within `kept_open`, else opened for each look."""

    def __init__(self) -> None:
        """Nothing is open."""
        self.is_passing = False  # whether a file of it goes with the shelf: nothing beside it would stay
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
    data = shelf.read(part.file, part.begins, part.ends)
    if part.is_alone:
        records = _parsed(data.removesuffix(b"\n").replace(b"\n", b","), part.rows, part.id)
        if records is not None:
            return records, []
    texts = data.split(b"\n")
    name = b'"run":"%b"' % part.id.encode() if _PLAIN_ID.fullmatch(part.id) else b"\0"
    mine = [text for text in texts if text.find(name, 0, _HEAD_BYTES) >= 0]
    if len(mine) == part.rows or _are_others(texts, name):
        records = _parsed(b",".join(mine), len(mine), part.id)
        if records is not None:
            return records, []
    return _judged(texts, part)


def _parsed(lines: bytes, count: int, run: str) -> list[Record] | None:
    """Lines with commas between them, parsed at once; None unless they are so many, of this run, and sound."""
    try:
        records: list[Record] = orjson.loads(b"[%b]" % lines)
        # JSON allows a name to come twice: that they begin as they should does not say all.
        is_sound = {*map(_RUN, records)} == {run} and {*map(type, map(_EVENT, records))} == {str}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return records if is_sound and len(records) == count else None


def _are_others(texts: list[bytes], name: bytes) -> bool:
    """Whether all that is not this run's is somebody else's whole line, and name is a run's."""
    return name != b"\0" and all(
        text.find(name, 0, _HEAD_BYTES) >= 0 or not text or (text.endswith(b"}") and _AS_WE_WRITE.match(text))
        for text in texts
    )


def _judged(texts: list[bytes], part: RunLines) -> tuple[list[Record], list[BadLine]]:
    """Takes what is this run's of lines of which some are damaged, or not as our writer writes them."""
    records: list[Record] = []
    bad: list[BadLine] = []
    place, run = part.begins, part.id.encode()
    for text in texts:
        for found in judge(text + b"\n", part.file, 0, place):
            if isinstance(found, Line):
                records += [found.record] if found.record.get("run") == part.id else []
            elif run in text:
                bad.append(found)
        place += len(text) + 1
    return records, bad
