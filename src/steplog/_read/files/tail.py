"""How far one file of a log has been read while it grows, whatever becomes of the file."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from steplog._format.segment_name import PACKED, writer_in_name
from steplog._format.zstd import unreadable
from steplog._read.files.lines import MAX_LINE, BadLine, Line, judge
from steplog._read.files.pieces import NO_END
from steplog._read.files.sequence import Sequence
from steplog._read.files.standing import open_standing, stat_standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_FINGERPRINT: Final = 64  # bytes before the place up to which a file was read
_BATCH_BYTES: Final = 1 << 20
_AT_ONCE: Final = 4096


class Tail:
    """One file, up to the end of a whole line. `changed` is when it was last written to, in seconds since 1970."""

    def __init__(self, file: Path) -> None:
        """From its beginning."""
        self.file = file
        self.changed = 0.0
        self._offset = 0
        self._number = 1  # of the line that begins there; 0 where lines were not counted
        self._ending = b""
        self._stamp = (0, 0, 0, 0)
        self._owner = writer_in_name(file)

    def skip_all(self) -> int:
        """Goes to the end of what stands there, and gives that place; `NO_END` for a packed file, which does not grow."""
        self._is_new()
        try:
            form, stream = open_standing(self.file)
            with stream:
                if form.name.endswith(PACKED):
                    self._offset = NO_END
                    return NO_END
                self._offset, self._ending = _last_line_end(stream, stream.seek(0, os.SEEK_END))
        except (OSError, ImportError):
            return self._offset
        self._number = 0 if self._offset else 1
        return self._offset

    def new_lines(self, seen: dict[str, Sequence]) -> Iterator[Line | BadLine]:
        """The whole lines since the last call; from the beginning if the file holds something else now.

        `seen` are the numbers of the lines that were given, by writer: none is given twice.
        """
        if not self._is_new():
            return
        if self._offset == NO_END:
            self.skip_all()  # what was packed when we came has its other form now
            return
        while batch := self._batch():
            yield from (line for line in batch if self._is_first(line, seen))

    def _is_new(self) -> bool:
        """Whether the file is not what it was when it was last looked at."""
        try:
            _, found = stat_standing(self.file)
        except OSError:
            return False  # gone between two looks: its successor shows up by itself
        stamp = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        is_new, self._stamp, self.changed = stamp != self._stamp, stamp, found.st_mtime
        return is_new

    def _batch(self) -> list[Line | BadLine]:
        """Some of the new lines. The file is not kept open while somebody looks at them: it may change meanwhile."""
        lines: list[Line | BadLine] = []
        with suppress(ImportError, *unreadable()):
            _, stream = open_standing(self.file)
            with stream:
                self._check(stream)
                stream.seek(self._offset)
                lines.extend(self._whole_lines(stream))
        return lines  # of a damaged file those before the damage

    def _check(self, stream: BinaryIO) -> None:
        """Begins anew where the bytes before the place reached are others: cut, written over, replaced."""
        stream.seek(self._offset - len(self._ending))
        if stream.read(len(self._ending)) != self._ending:
            self._offset, self._number, self._ending = 0, 1, b""
            self._owner = writer_in_name(self.file)

    def _whole_lines(self, stream: BinaryIO) -> Iterator[Line | BadLine]:
        end = self._offset + _BATCH_BYTES
        while self._offset < end and (raw := stream.readline(MAX_LINE)):
            if not raw.endswith(b"\n") and len(raw) < MAX_LINE:
                return
            yield from judge(raw, self.file, self._number, self._offset)
            self._offset += len(raw)
            self._number += raw.endswith(b"\n") and self._number > 0
            self._ending = (self._ending + raw)[-_FINGERPRINT:]

    def _is_first(self, line: Line | BadLine, seen: dict[str, Sequence]) -> bool:
        """Whether a line is given for the first time."""
        if isinstance(line, BadLine):
            return True
        record = line.record
        writer = record.get("w") or self._owner
        if record["ev"] == "log.open":
            self._owner = writer
        number = record.get("seq")
        if not writer or not number:
            return True  # nothing says which line it is
        numbers = seen.get(writer)
        if numbers is None:
            numbers = seen[writer] = Sequence()
        return numbers.add(number)


def _last_line_end(stream: BinaryIO, size: int) -> tuple[int, bytes]:
    """Where the last whole line ends, and the bytes before that."""
    place, held = size, b""
    while place > 0:
        begin = max(0, place - _AT_ONCE)
        stream.seek(begin)
        held = stream.read(place - begin) + held[: 2 * _FINGERPRINT]
        place = begin
        end = held.rfind(b"\n") + 1
        if end >= _FINGERPRINT or (end and not begin):
            return begin + end, held[max(0, end - _FINGERPRINT) : end]
    return 0, b""
