"""Where the frames of a compressed file begin, in the file and in its plain text: told by headers, nothing is unpacked."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

# RFC 8878, section 3.1: a frame is a header, blocks that say how long they are, and perhaps a checksum.
_MAGIC: Final = 0xFD2FB528
_SKIPPABLE: Final = range(0x184D2A50, 0x184D2A60)
_LONGEST_HEADER: Final = 18
_CONTENT_SIZE_BYTES: Final = (0, 2, 4, 8)
_DICTIONARY_ID_BYTES: Final = (0, 1, 2, 4)
_RUN_OF_ONE_BYTE: Final = 1
_RESERVED: Final = 3


class Frame(NamedTuple):
    """A frame: where it begins in the file and how many bytes it has there; the same in the plain text.

    `length` is None where the header does not say it: in files that `pack` of version 0.1 wrote.
    """

    at: int
    size: int
    start: int
    length: int | None


def frames(path: Path) -> list[Frame]:
    """The frames of a compressed file, up to the first that is damaged, cut, or comes after one of unknown length.

    Raises: OSError.
    """
    found: list[Frame] = []
    at = start = 0
    with path.open("rb") as file:
        while (frame := _frame(file, at, start)) is not None:
            found.append(frame)
            if frame.length is None:
                break
            at += frame.size
            start += frame.length
    return found


def _frame(file: BinaryIO, at: int, start: int) -> Frame | None:
    head = _at(file, at, _LONGEST_HEADER)
    magic = int.from_bytes(head[:4], "little")
    if magic in _SKIPPABLE:
        return Frame(at, 8 + int.from_bytes(head[4:8], "little"), start, 0)
    if magic != _MAGIC or len(head) < 6:
        return None
    header, length, has_checksum = _header(head)
    end = _end_of_blocks(file, at + header)
    if end is None:
        return None
    end += 4 * has_checksum
    is_whole = len(_at(file, end - 1, 1)) == 1
    return Frame(at, end - at, start, length) if is_whole else None


def _header(head: bytes) -> tuple[int, int | None, bool]:
    """How long a frame's header is, the length of the plain text if it says that, and whether a checksum follows."""
    describes = head[4]
    is_single = describes >> 5 & 1
    place = 5 + (not is_single) + _DICTIONARY_ID_BYTES[describes & 3]
    size = _CONTENT_SIZE_BYTES[describes >> 6] or is_single
    length = int.from_bytes(head[place : place + size], "little") + (256 if size == 2 else 0)
    return place + size, length if size else None, bool(describes >> 2 & 1)


def _end_of_blocks(file: BinaryIO, at: int) -> int | None:
    while len(head := _at(file, at, 3)) == 3:
        block = int.from_bytes(head, "little")
        kind, size = block >> 1 & 3, block >> 3
        if kind == _RESERVED:
            return None
        at += 3 + (1 if kind == _RUN_OF_ONE_BYTE else size)
        if block & 1:
            return at
    return None


def _at(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)
