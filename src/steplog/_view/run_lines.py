"""A run's lines as they stand in the files, to the byte, each with its number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from steplog._format.zstd import open_segment
from steplog._read.errors import LogError
from steplog._read.files.lines import Line, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

_HEAD: Final = 400  # bytes in which a line's envelope stands
_SKIPPED: Final = 1 << 20
_BLOCK: Final = 1 << 20  # bytes that are looked at in one piece
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


class Stretch(NamedTuple):
    """Lines of a run that follow each other in a file: the first one's number and place, and the bytes of all, line breaks too."""

    number: int
    offset: int
    raw: bytes

    @property
    def following(self) -> int:
        """The number of the line after it."""
        return self.number + self.raw.count(b"\n")

    def lines(self) -> Iterator[RawLine]:
        """Its lines, one by one."""
        offset = self.offset
        for number, raw in enumerate(self.raw.split(b"\n")[:-1], self.number):
            yield RawLine(number, offset, raw)
            offset += len(raw) + 1


def in_order(spans: Sequence[Span], run: str) -> Iterator[tuple[int, Stretch]]:
    """The lines of one run in all its files, with the file's place among the spans: by their times, which never run backwards within one writer.

    Raises: LogError if a file is gone.
    """
    each = [stretches(span, run) for span in spans]
    if len(each) == 1:
        return ((0, stretch) for stretch in each[0])
    return _merged(each)


def _merged(each: Sequence[Iterator[Stretch]]) -> Iterator[tuple[int, Stretch]]:
    heads: list[tuple[bytes, int, int, int, Stretch]] = []  # time, file, place in the stretch, line number

    def put(at: int, begin: int, number: int, stretch: Stretch) -> None:
        heappush(heads, (_ts(stretch.raw, begin), at, begin, number, stretch))

    for at, one in enumerate(each):
        for stretch in islice(one, 1):
            put(at, 0, stretch.number, stretch)
    while heads:
        _, at, begin, number, stretch = heappop(heads)
        end = _before(heads[0][:2], at, stretch.raw, begin) if heads else len(stretch.raw)
        part = Stretch(number, stretch.offset + begin, stretch.raw[begin:end])
        yield at, part
        if end < len(stretch.raw):
            put(at, end, part.following, stretch)
        else:
            for following in islice(each[at], 1):
                put(at, 0, following.number, following)


def _before(other: tuple[bytes, int], at: int, raw: bytes, begin: int) -> int:
    """Where the lines from `begin` on end that come before another file's; after the first at least."""
    if (_ts(raw, raw.rfind(b"\n", 0, -1) + 1), at) <= other:
        return len(raw)
    end = raw.find(b"\n", begin) + 1
    while end < len(raw) and (_ts(raw, end), at) <= other:
        end = raw.find(b"\n", end) + 1
    return end


def raw_lines(span: Span, run: str) -> Iterator[RawLine]:
    """The lines of one run in one file.

    Raises: LogError if the file is gone.
    """
    for stretch in stretches(span, run):
        yield from stretch.lines()


def stretches(span: Span, run: str) -> Iterator[Stretch]:
    """The lines of one run in one file, together where they follow each other; only those that bear its id are looked at closely.

    Raises: LogError if the file is gone.
    """
    # Lines as this project writes them are told by one expression: a run of 100,000 steps comes by here on its way to the page.
    ours = re.compile(
        rb'(?:\{"seq":\d+,"ts":"[^"\n]*",(?:"w":"[^"\n]*",)?"run":"%b",[^\n]*\}\n)+' % re.escape(run.encode())
    )
    offset, number = span.offset, span.number
    with span.open() as stream:
        while offset <= span.last:
            # The rest of the line in which a block ends; of the last line, too.
            block = stream.read(min(_BLOCK, span.last - offset + 1)) + stream.readline()
            if not block:
                return
            yield from _told_apart(block, ours, span.file, number, offset, run)
            offset += len(block)
            number += block.count(b"\n")


def _told_apart(
    block: bytes, ours: re.Pattern[bytes], file: Path, number: int, offset: int, run: str
) -> Iterator[Stretch]:
    wanted, at = run.encode(), 0
    while at < len(block):
        if found := ours.match(block, at):
            stretch = Stretch(number, offset + at, block[at : found.end()])
            yield stretch
            at, number = found.end(), stretch.following
            continue
        end = block.find(b"\n", at) + 1 or len(block)
        if block.find(wanted, at, min(at + _HEAD, end)) >= 0:
            yield from _judged(block[at:end], file, number, offset + at, run)
        at, number = end, number + 1


def _ts(lines: bytes, begin: int) -> bytes:
    at = lines.find(b'"ts"', begin, begin + _HEAD)
    begin = lines.find(b'"', at + 4) + 1
    return lines[begin : begin + 27] if at >= 0 else b""


def _judged(raw: bytes, file: Path, number: int, offset: int, run: str) -> Iterator[Stretch]:
    for found in judge(raw, file, number, offset):
        if isinstance(found, Line) and found.record.get("run") == run:
            record = raw[found.offset - offset :].strip(b"\r\n \t\xef\xbb\xbf")
            yield Stretch(number, offset, record + b"\n")
