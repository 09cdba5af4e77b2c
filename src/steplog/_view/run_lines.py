"""A run's lines as they stand in the files, to the byte, each with its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from steplog._format.zstd import open_segment
from steplog._read.errors import LogError
from steplog._read.files.lines import Line, judge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_HEAD: Final = 400  # bytes in which a line's envelope stands
_SKIPPED: Final = 1 << 20
END: Final = 1 << 62


@dataclass(slots=True)
class Span:
    """Where in a file a run's lines lie: from the first to the last of them, in bytes and by number."""

    file: Path
    offset: int = 0
    number: int = 1
    last: int = END

    def open(self) -> BinaryIO:
        """The file, at the first line.

        Raises: LogError if it is gone or cannot be read.
        """
        for file in (self.file, self.file.with_name(f"{self.file.name}.zst")):
            try:
                stream = open_segment(file)
            except FileNotFoundError:
                continue
            except (OSError, ImportError) as error:
                raise LogError(f"cannot read {file}: {error}") from None
            # Not `seek`: of a compressed file that would be slow, and what was compressed meanwhile reads the same.
            if file.suffix == ".zst":
                _skip(stream, self.offset)
            else:
                stream.seek(self.offset)
            return stream
        raise LogError(f"{self.file} is gone: it was deleted or pruned since the log was read")


def _skip(stream: BinaryIO, size: int) -> None:
    while size > 0 and (read := len(stream.read(min(size, _SKIPPED)))):
        size -= read


class RawLine(NamedTuple):
    """One line: the record's bytes, and where they stand."""

    number: int
    offset: int
    raw: bytes

    @property
    def ts(self) -> bytes:
        """The line's `ts`, which orders the lines of several files."""
        at = self.raw.find(b'"ts"', 0, _HEAD)
        begin = self.raw.find(b'"', at + 4) + 1
        return self.raw[begin : begin + 27] if at >= 0 else b""


def raw_lines(span: Span, run: str) -> Iterator[RawLine]:
    """The lines of one run in one file; only those that bear its id are looked at closely.

    Raises: LogError if the file is gone.
    """
    wanted, compact = run.encode(), f'"run":"{run}"'.encode()
    offset, number = span.offset, span.number
    with span.open() as stream:
        for raw in stream:
            if offset > span.last:
                return
            # No slices: a run of 100,000 steps comes by here on its way to the page.
            if raw.find(wanted, 0, _HEAD) >= 0:
                if raw.startswith(b'{"seq":') and raw.find(compact, 0, _HEAD) >= 0 and raw.endswith(b"}\n"):
                    yield RawLine(number, offset, raw[:-1])
                else:
                    yield from _judged(raw, span.file, number, offset, run)
            offset += len(raw)
            number += 1


def _judged(raw: bytes, file: Path, number: int, offset: int, run: str) -> Iterator[RawLine]:
    for found in judge(raw, file, number, offset):
        if isinstance(found, Line) and found.record.get("run") == run:
            yield RawLine(number, offset, raw[found.offset - offset :].strip(b"\r\n \t\xef\xbb\xbf"))
