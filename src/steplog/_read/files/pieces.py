"""A file's bytes in pieces that end with a line, in bounded memory, whatever stands in it or is broken of it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from steplog._format.segment_name import PACKED
from steplog._format.zstd import unreadable
from steplog._format.zstd_frames import frames
from steplog._read.files.lines import HEAD_BYTES, MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

AT_ONCE: Final = 128 * 1024  # fits the processor's cache
NO_END: Final = 1 << 62
_LOOKS: Final = 3
_BETWEEN_LOOKS: Final = 0.001  # seconds


class Piece(NamedTuple):
    """Bytes from `offset` on, up to a line's end or the file's; or in words why there are none, and how they begin."""

    offset: int
    data: bytes
    problem: str = ""
    is_cut: bool = False  # a compressed file ends in the middle


def pieces(stream: BinaryIO, file: Path, start: int = 0, stop: int = NO_END) -> Iterator[Piece]:
    """The bytes of an open file, of the lines that begin at `start` or behind it and before `stop`.

    A line too long to be one is skipped. Behind a damage in a
    compressed file it goes on with the first whole line of the next frame.
    """
    place: int | None = start
    while place is not None:
        found = _pieces(stream, place, stop)
        at, place = place, None
        while True:
            try:
                piece = next(found, None)
            except unreadable() as error:
                yield Piece(at, b"", f"cannot be read further: {error}", isinstance(error, EOFError))
                place = _behind_damage(stream, file, at)
                break
            if piece is None:
                break
            at = piece.offset + len(piece.data)
            yield piece


def _pieces(stream: BinaryIO, place: int, stop: int) -> Iterator[Piece]:
    if place:
        stream.seek(place - 1)
        place += _skipped(stream, b"-") - 1
    while place < stop and (data := stream.read(min(AT_ONCE, stop - place))):
        if not data.endswith(b"\n"):
            rest = _rest_of_line(stream)
            if len(rest) > MAX_LINE:
                line = data.rfind(b"\n") + 1
                if line:
                    yield Piece(place, data[:line])
                yield Piece(
                    place + line, (data[line:] + rest)[:HEAD_BYTES], f"longer than {MAX_LINE >> 20} MiB"
                )
                place += len(data) + len(rest) + _skipped(stream, rest)
                continue
            data += rest
        yield Piece(place, data)
        place += len(data)


def _rest_of_line(stream: BinaryIO) -> bytes:
    """What the line still lacks: looked for again if it may be on its way at this moment."""
    rest = stream.readline(MAX_LINE + 1)
    for _ in range(_LOOKS):
        if rest.endswith(b"\n") or len(rest) > MAX_LINE or not _is_fresh(stream):
            break
        time.sleep(_BETWEEN_LOOKS)
        rest += stream.readline(MAX_LINE + 1 - len(rest))
    return rest


def _skipped(stream: BinaryIO, rest: bytes) -> int:
    """Reads on to the end of the line of which `rest` was read last; how many bytes that was."""
    skipped = 0
    while rest and not rest.endswith(b"\n"):
        rest = stream.readline(AT_ONCE)
        skipped += len(rest)
    return skipped


def _is_fresh(stream: BinaryIO) -> bool:
    """Whether the file was written to within the last second: its last line may be on its way."""
    try:
        return abs(time.time() - os.fstat(stream.fileno()).st_mtime) < 1
    except OSError:  # a compressed file, which nobody writes to
        return False


def _behind_damage(stream: BinaryIO, file: Path, place: int) -> int | None:
    """Where the first line begins behind the damaged frame that holds `place`; None if there is none."""
    if not file.name.endswith(PACKED):
        return None
    for frame in frames(file):
        if frame.start <= place:
            continue
        try:
            stream.seek(frame.start)
            return frame.start + len(stream.readline())
        except unreadable():
            continue
    return None
