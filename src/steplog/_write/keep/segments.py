"""The segments that stand in a directory: how large each is, and when it was last written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from steplog._format.segment_name import PACKED, PLAIN, parse
from steplog._write.disk.private_files import posix

SHIPPED: Final = ".shipped"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its file, its writer's stem and its place in the writer's rotation.

    `size` in bytes, `written` in seconds since 1970, both as they were when the directory was listed.
    """

    path: str
    stem: str
    part: int
    is_packed: bool
    size: int
    written: float

    @property
    def name(self) -> str:
        """The name of its file."""
        return os.path.basename(self.path)  # noqa: PTH119 - pathlib costs 10 us, and there may be thousands

    @property
    def plain_name(self) -> str:
        """The name that its file has, or had, before it is compressed."""
        return self.name.removesuffix(PACKED) + PLAIN if self.is_packed else self.name


def age(segment: Segment) -> tuple[float, str, int]:
    """What segments are sorted by, oldest first; the name decides where a file system's clock is too coarse."""
    return segment.written, segment.stem, segment.part


def segments_in(directory: str | Path) -> Iterator[Segment]:
    """All segments in a directory, in no order; raises `OSError` where that cannot be listed."""
    with posix.scandir(directory) as entries:
        for entry in entries:
            found = _segment(entry.path, entry.name)
            if found is not None:
                yield found


def segment_at(directory: str | Path, name: str) -> Segment | None:
    """The segment of this name, or what it was compressed to; None where there is neither."""
    plain = os.path.join(directory, name)  # noqa: PTH118 - pathlib costs 10 us
    return _segment(plain, name) or _segment(plain + ".zst", name + ".zst")


def shipped_from(directory: str | Path) -> frozenset[str] | None:
    """Names of the segments that whoever ships this log has delivered; None where nobody ships it."""
    try:
        return frozenset(Path(directory, SHIPPED).read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return frozenset()  # somebody ships it, and who knows what


def _segment(path: str, name: str) -> Segment | None:
    """None for what is no segment: another name, a link, no file, or gone by now."""
    parsed = parse(name)
    if parsed is None:
        return None
    try:
        status = posix.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Segment(path, parsed.stem, parsed.part, parsed.is_packed, status.st_size, status.st_mtime)
