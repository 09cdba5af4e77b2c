"""A digest as plain JSON, for the cache, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steplog._read.files.digest import Digest, RunLines, WriterLines
from steplog._read.files.lines import BadLine
from steplog._read.files.sequence import Sequence

if TYPE_CHECKING:
    from pathlib import Path


def to_json(found: Digest) -> list[Any]:
    """The digest of one part of one file."""
    return [
        [
            [
                *(r.id, r.writer, r.begins, r.ends, r.seq, r.ts, r.start, r.end, r.first, r.last),
                *(r.rows, r.is_alone, r.is_late, r.others),
            ]
            for r in found.runs
        ],
        {writer: [numbers.starts, numbers.ends] for writer, numbers in found.seen.items()},
        {writer: [lines.opened, lines.is_closed] for writer, lines in found.writers.items()},
        [[b.number, b.offset, b.reason, b.head.decode("latin-1"), b.torn] for b in found.bad],
        found.lost,
        found.faults,
        found.notices,
        found.lines,
        found.physical,
        found.since,
        found.offset,
    ]


def from_json(data: Any, file: Path) -> Digest | None:
    """The digest that `to_json` gave; None if it is none."""
    try:
        runs, seen, writers, bad, lost, faults, notices, lines, physical, since, offset = data
        found = Digest(
            [RunLines(file, *run[:-1], others=tuple(run[-1])) for run in runs],
            {writer: Sequence(*numbers) for writer, numbers in seen.items()},
            {writer: WriterLines(*said) for writer, said in writers.items()},
            [BadLine(file, b[0], b[1], b[2], b[3].encode("latin-1"), b[4]) for b in bad],
            lost,
            faults,
            notices,
            lines,
            physical=physical,
            since=since,
            offset=offset,
        )
    except (TypeError, ValueError, AttributeError, IndexError):
        return None
    found.current = {run.id.encode(): run for run in found.runs}
    return found
