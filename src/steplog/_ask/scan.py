"""Lines picked by their bytes: a log is searched as memory, and only a line that may matter is parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import orjson

from steplog._format.segment_name import writer_in_name
from steplog._format.zstd import unreadable
from steplog._read.files.lines import MAX_LINE, Line, judge, open_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

_BLOCK: Final = 1 << 18  # fits into the processor's cache: read, joined and searched there
_OPENED: Final = b'"ev":"log.open"'
_OWNER: Final = re.compile(rb'"w":\s*"([^"]*)"')


class Needle(Protocol):
    """What to look for in the bytes: where it stands next at or after a place, -1 if nowhere."""

    def __call__(self, block: bytes, start: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Found:
    """A line that has the needle: the line, its writer's id (empty if unknown), and the lines before it that are at hand.

    Those are `block` up to the place `at`, and the block `before` it.
    """

    line: Line
    writer: str
    block: bytes
    at: int
    before: bytes


def literal(text: bytes) -> Needle:
    """A needle for these very bytes."""

    def find(block: bytes, start: int) -> int:
        return block.find(text, start)

    return find


def expression(pattern: re.Pattern[bytes]) -> Needle:
    """A needle for what a pattern of bytes matches."""

    def find(block: bytes, start: int) -> int:
        found = pattern.search(block, start)
        return found.start() if found else -1

    return find


def every(block: bytes, start: int) -> int:
    """The needle that stands in every line."""
    return start if start < len(block) else -1


def as_written(value: str) -> bytes:
    """A string as the recorder writes it, with its quotation marks: what to look for to find it as a whole value."""
    return orjson.dumps(value)


def lines_with(needle: Needle, files: Iterable[Path]) -> Iterator[Found]:
    """The good lines that have the needle, in the order of the log, each line of a writer once, in bounded memory.

    A file that cannot be read, or not to its end, gives what can be read of it: `doctor` says what is wrong with it.
    """
    seen: set[tuple[str, int]] = set()
    for file in files:
        try:
            with open_segment(file) as stream:
                for found in _lines_of(stream, file, needle):
                    number = found.line.record.get("seq")
                    # Without a writer's name nothing says that equal numbers are the same line.
                    if found.writer and number is not None:
                        if (found.writer, number) in seen:
                            continue
                        seen.add((found.writer, number))
                    yield found
        except unreadable():
            continue
        except ImportError:
            continue


def _lines_of(stream: BinaryIO, file: Path, needle: Needle) -> Iterator[Found]:
    owner, before = writer_in_name(file), b""
    for offset, block in _blocks(stream):
        openings = list(_openings(block))
        at = needle(block, 0)
        while at >= 0:
            start, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at) + 1 or len(block)
            while openings and openings[0][0] < end:
                owner = openings.pop(0)[1]
            # The number of the line would cost a count of all before it; nobody asks for it.
            for found in judge(block[start:end], file, 0, offset + start):
                if isinstance(found, Line):
                    yield Found(found, str(found.record.get("w") or owner), block, start, before)
            at = needle(block, end)
        owner, before = openings[-1][1] if openings else owner, block


def _openings(block: bytes) -> Iterator[tuple[int, str]]:
    """Where writers open the file, and who: lines without `w` belong to who opened it last."""
    at = block.find(_OPENED)
    while at >= 0:
        end = block.find(b"\n", at)
        named = _OWNER.search(block, at, end if end >= 0 else len(block))
        if named is not None:
            yield at, named[1].decode("utf-8", "replace")
        at = block.find(_OPENED, at + 1)


def _blocks(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The stream in pieces of whole lines, with where each begins; a line beyond every limit is left out."""
    begun: list[bytes] = []  # of a line whose end has not been read
    offset = held = 0
    # What stands before the place where a compressed file is cut comes out piece by piece, not in one read.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    while piece := read(_BLOCK):
        cut = piece.rfind(b"\n") + 1
        if cut:
            # What is too long is dropped to its end, and with it no other line.
            skipped = piece.find(b"\n") + 1 if held > MAX_LINE else 0
            block = piece[skipped:cut] if held > MAX_LINE else b"".join((*begun, piece[:cut]))
            yield offset + (held + skipped if held > MAX_LINE else 0), block
            offset, held, begun = offset + held + cut, 0, []
        held += len(piece) - cut
        begun = [*begun, piece[cut:]] if held <= MAX_LINE else []
    if 0 < held <= MAX_LINE:
        yield offset, b"".join(begun)
