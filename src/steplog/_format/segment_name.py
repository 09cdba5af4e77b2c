"""What a segment's file is called: when its writer began, which process and writer that is, its place in the rotation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

PLAIN: Final = ".jsonl"
PACKED: Final = ".jsonl.zst"
_NAME: Final = re.compile(
    r"(?P<stem>\d{8}T\d{6,}Z-\d+-(?P<w>[^.]+))(?:\.(?P<part>\d+))?\.jsonl(?P<zst>\.zst)?"
)


class SegmentName(NamedTuple):
    """A segment's name in its pieces; in this order names sort by when their writers began, then by rotation.

    `stem` is shared by all segments of a writer, `part` its place in the rotation: 1, 2, 3 …; `w` is the writer's id.
    """

    stem: str
    part: int
    w: str
    is_packed: bool


def segment_stem(stamp: str, pid: int, w: str) -> str:
    """What the names of all segments of a writer begin with; `stamp` is the `ts` of its first line."""
    digits = "".join(c for c in stamp if c.isdigit())
    return f"{digits[:8]}T{digits[8:]}Z-{pid}-{w}"


def segment_name(stem: str, part: int) -> str:
    """The file name of a segment that is not compressed; `part` is its place in the rotation, from 1."""
    return f"{stem}{PLAIN}" if part == 1 else f"{stem}.{part}{PLAIN}"


def parse(name: str) -> SegmentName | None:
    """The pieces of a segment's file name; None for any other name."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return SegmentName(found["stem"], int(found["part"] or 1), found["w"], found["zst"] is not None)


def writer_in_name(file: Path) -> str:
    """The writer id that a segment's name bears; empty for any other file."""
    found = parse(file.name)
    return found.w if found else ""


def part_in_name(file: Path) -> int:
    """A segment's place in its writer's rotation: 1, 2, 3 …"""
    found = parse(file.name)
    return found.part if found else 1
