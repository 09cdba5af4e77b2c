"""Which runs a delivery of Parquet owes, and in which portions: a log of any size is brought over in bounded memory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steplog._ask.sql import notes
from steplog._ask.tables.database import database
from steplog._export.final import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from steplog._ask.tables.database import Database
    from steplog._read.log import Log

MEMORY: Final = "1GB"  # a line of fifty megabytes takes ten times as much while it becomes a row
_MOST_BYTES: Final = 192 << 20  # of segments that are read for a portion
_PACKED: Final = 8  # times as many bytes unpacked, about
_MOST_RUNS: Final = 4_000
# Where each run's lines stand in the numbers of its first line's writer: what it is known by, wherever the log lies by then.
_SEEN: Final = """
    SELECT lines.run, lines.nth, any_value(starts.w) AS w, list(DISTINCT lines.file) AS files,
        min(seq) FILTER (starts.w = coalesce(lines.w, writers.w)) AS first,
        max(seq) FILTER (starts.w = coalesce(lines.w, writers.w)) AS last
    FROM lines JOIN writers USING (file) JOIN (
        SELECT run, nth, arg_min(coalesce(lines.w, writers.w), place) AS w
        FROM lines JOIN writers USING (file) WHERE run IS NOT NULL GROUP BY run, nth
    ) AS starts ON starts.run = lines.run AND starts.nth = lines.nth
    GROUP BY lines.run, lines.nth
"""
_OWED: Final = f"""
    SELECT run, nth, w, first, last, strftime(started, '%Y-%m-%d') AS dt, status, files, EXISTS (
        SELECT 1 FROM delivered AS d WHERE d.run = seen.run AND d.w = seen.w AND seen.first BETWEEN d.first AND d.last
    ) AS is_there
    FROM runs JOIN ({_SEEN}) AS seen USING (run, nth) WHERE started >= coalesce(?, TIMESTAMP '0001-01-01')
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Owed:
    """A run to deliver: what it is known by, the day on which it began, how it stands, and the files its lines are in."""

    run: str
    nth: int
    w: str
    first: int
    last: int
    dt: str
    status: str
    files: tuple[str, ...]


@dataclass(slots=True)
class Plan:
    """The runs that are owed, how many are there, which wait for an end, and what to know about the log.

    `segments` are the log's files in their order, which is not that of their names.
    """

    segments: tuple[Path, ...] = ()
    owed: list[Owed] = field(default_factory=list[Owed])
    were_there: int = 0
    waiting: list[str] = field(default_factory=list[str])
    notes: tuple[str, ...] = ()

    def portions(self) -> Iterator[tuple[list[Owed], list[Path]]]:
        """The runs in portions, each with the files that are to be read for it. Runs of one id are not parted."""
        order = {str(file): number for number, file in enumerate(self.segments)}

        def in_order(files: Iterable[str]) -> list[Path]:
            return [Path(file) for file in sorted(files, key=lambda file: order[file])]

        several: dict[str, list[Owed]] = {}
        for each in sorted(self.owed, key=lambda owed: min(order[file] for file in owed.files)):
            several.setdefault(each.run, []).append(each)
        portion: list[Owed] = []
        files: dict[str, int] = {}
        for same in several.values():
            more = {file: _size(file) for each in same for file in each.files} | files
            if portion and (sum(more.values()) > _MOST_BYTES or len(portion) >= _MOST_RUNS):
                yield portion, in_order(files)
                portion, more = [], {file: _size(file) for each in same for file in each.files}
            portion, files = [*portion, *same], more
        if portion:
            yield portion, in_order(files)


def plan(log: Log, ledgers: Iterable[Path], since: datetime | None, *, unfinished: bool) -> Plan:
    """What is owed to a folder with these ledgers."""
    found = Plan(log.segments)
    moment = None if since is None else since.astimezone(UTC).replace(tzinfo=None)
    with database(log, ["runs"], memory=MEMORY, by_lines=True) as held:
        _tell_delivered(held, ledgers)
        for *facts, files, is_there in held.rows(_OWED, [moment]):
            each = Owed(*facts, files=tuple(files))
            if is_there:
                found.were_there += 1
            elif each.status in FINAL or (unfinished and each.status == "unfinished"):
                found.owed.append(each)
            else:
                found.waiting.append(each.run)
        found.notes = tuple(notes(held))
    return found


def _tell_delivered(held: Database, ledgers: Iterable[Path]) -> None:
    held.connection.execute("CREATE TABLE delivered (run VARCHAR, w VARCHAR, first BIGINT, last BIGINT)")
    paths = list(map(str, ledgers))
    if paths:
        held.connection.execute(
            "INSERT INTO delivered SELECT run, w, first, last FROM read_parquet(?)", [paths]
        )


def _size(file: str) -> int:
    try:
        return os.stat(file).st_size * (_PACKED if file.endswith(".zst") else 1)  # noqa: PTH116 -- the database has texts
    except OSError:
        return 0
