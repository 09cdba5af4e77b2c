"""Files that DuckDB cannot read as the reader does: damaged ones are read by the reader, and their good lines copied."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Final

import orjson

from steplog._format.segment_name import writer_in_name
from steplog._read.files.lines import MAX_LINE, BadLine, decode, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ZSTD_FRAME: Final = 0xFD2FB528
_SKIPPED_FRAMES: Final = range(0x184D2A50, 0x184D2A60)
_REPEATED_BYTE: Final = 1  # a block of one byte, said how often


def good_lines(file: Path, bad: list[BadLine]) -> Iterator[bytes]:
    """The good lines of a file, each with its writer's id in it; what is damaged is added to `bad`."""
    owner = writer_in_name(file)
    for found in read_lines(file):
        if isinstance(found, BadLine):
            bad.append(found)
            continue
        record = found.record
        owner = str(record.get("w") or owner) if record["ev"] == "log.open" else owner
        if owner and "w" not in record:
            record = {**record, "w": owner}
        yield orjson.dumps(record) + b"\n"


def torn_end(file: Path) -> bool:
    """Whether the file's last line is unfinished, and no record: the one damage that is none."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - 1))
            if size == 0 or stream.read(1) == b"\n":
                return False
            stream.seek(max(0, size - MAX_LINE))
            tail = stream.read().rpartition(b"\n")[2]
            return not isinstance(decode(tail), dict)
    except OSError:
        return False


def is_cut(file: Path) -> bool:
    """Whether a compressed file ends in the middle: DuckDB would leave out the rest without a word.

    The headers of frames and blocks are followed, nothing is decompressed.
    """
    try:
        with file.open("rb") as stream:
            if not stream.seek(0, 2):
                return False
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                at = 0
                while at < len(data):
                    at = _frame_end(data, at)
                return at > len(data)
    except (OSError, ValueError):
        return True


def _number(data: mmap.mmap, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _frame_end(data: mmap.mmap, at: int) -> int:
    """Where the frame that begins at a place ends: beyond the data if it is cut. Raises ValueError if there is none."""
    magic = _number(data, at, 4)
    if magic in _SKIPPED_FRAMES:
        return at + 8 + _number(data, at + 4, 4)
    if magic != _ZSTD_FRAME:
        raise ValueError("no zstd frame")
    facts = _number(data, at + 4, 1)
    is_single, dictionary, content = facts >> 5 & 1, facts & 3, facts >> 6
    at += 5 + (1 - is_single) + (0, 1, 2, 4)[dictionary] + ((is_single, 2, 4, 8)[content])
    is_last = False
    while not is_last and at < len(data):
        block = _number(data, at, 3)
        is_last = bool(block & 1)
        at += 3 + (1 if block >> 1 & 3 == _REPEATED_BYTE else block >> 3)
    return at + (4 if facts >> 2 & 1 else 0) if is_last else len(data) + 1
