"""The newest runs of a log without reading all of it: what the page shows first of a log of a gigabyte."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steplog._format.zstd import open_segment, unreadable
from steplog._read.errors import LogError
from steplog._read.files.segments import segments
from steplog._read.log import read
from steplog._view.data import row_of

if TYPE_CHECKING:
    from steplog._view.data import Row

FEW_BYTES: Final = 4_000_000  # a log so small is read whole in less time than anybody notices
_TAIL_BYTES: Final = 600_000
_MOST_FILES: Final = 12
_ENOUGH: Final = 60


def newest_rows(path: Path) -> list[Row]:
    """Rows of the newest runs, newest first; none if the log is small, and so read at once, or not there."""
    try:
        files = segments(path)
        sizes = [file.stat().st_size for file in files]
    except (LogError, OSError):
        return []
    if sum(sizes) <= FEW_BYTES:
        return []
    rows: dict[str, Row] = {}
    for file in list(reversed(files))[:_MOST_FILES]:
        for row in _rows_at_the_end(file):
            rows.setdefault(row["key"], row)
        if len(rows) >= _ENOUGH:
            break
    return sorted(rows.values(), key=lambda row: row.get("started") or 0, reverse=True)


def _rows_at_the_end(file: Path) -> list[Row]:
    """The runs that begin in the last part of a segment: read from a copy of its first line and that part."""
    try:
        with open_segment(file) as stream, tempfile.TemporaryDirectory(prefix="steplog-view-") as folder:
            first = stream.readline()
            size = file.stat().st_size
            if file.suffix == ".zst" or size <= _TAIL_BYTES:
                rest = stream.read(_TAIL_BYTES if file.suffix == ".zst" else -1)
            else:
                stream.seek(size - _TAIL_BYTES)
                rest = stream.read().partition(b"\n")[2]
            copy = Path(folder) / file.name.removesuffix(".zst")
            copy.write_bytes(first + rest)
            return [row_of(run) for run in read(copy).runs if run.uuid]
    except (LogError, ImportError, *unreadable()):
        return []  # the reading of everything says what is wrong with it
