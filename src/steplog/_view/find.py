"""Which runs have a phrase anywhere in their lines: over the bytes of the files, without parsing them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson

from steplog._format.zstd import open_segment, unreadable
from steplog._read.errors import LogError
from steplog._read.files.segments import segments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_BLOCK: Final = 8 << 20
_MOST: Final = 5_000  # runs
_RUN: Final = re.compile(rb'"run":\s?"([0-9a-f]{1,64})"')
_HEAD: Final = 400


def runs_with(path: Path, phrase: str) -> tuple[list[str], bool]:
    """The ids of the runs that have a phrase in a line, capitals or not; and whether all files were looked through."""
    wanted = orjson.dumps(phrase)[1:-1].lower()
    found: dict[str, None] = {}
    try:
        files = segments(path)
    except LogError:
        return [], False
    is_whole = True
    for file in reversed(files):
        try:
            for run in _runs_in(file, wanted):
                found[run] = None
                if len(found) >= _MOST:
                    return list(found), False
        except (ImportError, *unreadable()):
            is_whole = False
    return list(found), is_whole


def _rest_of_line(stream: BinaryIO) -> bytes:
    try:
        return stream.readline()
    except unreadable():
        return b""  # the next read meets it again


def _runs_in(file: Path, wanted: bytes) -> Iterator[str]:
    with open_segment(file) as stream:
        while block := stream.read(_BLOCK):
            # Blocks end with a line, so that no phrase is cut in two.
            block += _rest_of_line(stream)
            # Only ASCII letters fold here; other scripts match as they are written.
            folded = block.lower()
            at = folded.find(wanted)
            while at >= 0:
                begin = block.rfind(b"\n", 0, at) + 1
                end = block.find(b"\n", at)
                run = _RUN.search(block, begin, min(begin + _HEAD, len(block)))
                # What stands in the envelope is no content.
                if run is not None and at > block.find(b",", block.find(b'"ev"', begin, begin + _HEAD)):
                    yield run[1].decode()
                at = folded.find(wanted, end) if end >= 0 else -1
