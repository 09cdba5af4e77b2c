"""A log's rows, file by file, as the tables that views are made of: nothing of it is held in memory."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from steplog._ask.scan import lines_with
from steplog._ask.scan import literal as needle
from steplog._ask.tables.columns import literal
from steplog._ask.tables.gathered import LOOSE_PARTS, OF_LOOSE_PARTS, OF_PARTS, REPEATED_PARTS
from steplog._ask.tables.loading import Loaded, tell_statuses
from steplog._ask.tables.made_parts import Uneven
from steplog._ask.tables.part_files import Part, parts_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from steplog._ask.tables.loading import Connection
    from steplog._format.record import Record

_ONLY_WANTED: Final = "WHERE run IS NULL OR run IN (SELECT run FROM wanted)"
_OPEN_RUNS: Final = """
    SELECT DISTINCT run, 1::INTEGER, w FROM loose_parts
    WHERE run NOT IN (SELECT run FROM loose_parts WHERE ev = 'run.end')
"""


def load_parts(
    con: Connection, files: Sequence[Path], folder: Path, *, is_narrowed: bool, tells_open: bool
) -> Loaded:
    """Makes the views that others are made of, over the rows of the files, which stand in `folder` and must stay.

    is_narrowed: only runs in the table `wanted`. tells_open: fills the table `open_runs`. Raises: Uneven if the log has to
    be read line by line.
    """
    if not files:
        raise Uneven
    loaded = Loaded()
    parts = _made_by_one_thread(con, files, folder, loaded)
    loaded.files = list(dict.fromkeys(part.rows for part in parts))
    loose = _tell_parts(con, parts, is_narrowed=is_narrowed)
    con.execute(f"CREATE TABLE loose_parts AS {LOOSE_PARTS}")
    if con.execute(f"SELECT 1 FROM ({REPEATED_PARTS}) LIMIT 1").fetchone():
        raise Uneven
    for name, sql in OF_PARTS.items():
        more = OF_LOOSE_PARTS.get(name) if loose else None
        con.execute(f"CREATE VIEW {name} AS {sql}" + (f" UNION ALL BY NAME {more}" if more else ""))
    if tells_open:
        _tell_open_runs(con, parts)
    return loaded


def _tell_parts(con: Connection, parts: Sequence[Part], *, is_narrowed: bool) -> list[str]:
    """Makes `parts`, `part_files` and `loose`; gives the runs of the last."""
    con.execute("SET parquet_metadata_cache = true")
    con.execute(
        "CREATE TABLE part_files AS SELECT unnest(?::VARCHAR[]) AS rows, unnest(?::VARCHAR[]) AS file, "
        "unnest(?::VARCHAR[]) AS w, unnest(?::INTEGER[]) AS source, unnest(range(?)) AS file_at",
        [
            [str(part.rows) for part in parts],
            [str(part.file) for part in parts],
            [part.facts.writer for part in parts],
            [part.source for part in parts],
            len(parts),
        ],
    )
    loose = sorted({run for part in parts for run in part.facts.loose})
    con.execute("CREATE TABLE loose AS SELECT unnest(?::VARCHAR[]) AS run", [loose])
    paths = ", ".join(map(literal, dict.fromkeys(str(part.rows) for part in parts)))
    con.execute(
        f"CREATE VIEW parts AS SELECT * FROM read_parquet([{paths}], filename=true) {_ONLY_WANTED if is_narrowed else ''}"
    )
    return loose


def _made_by_one_thread(con: Connection, files: Sequence[Path], folder: Path, loaded: Loaded) -> list[Part]:
    """The rows of all files. Two threads would read into 32 MB each, and take a quarter more time of the processors."""
    (threads,) = con.execute("SELECT current_setting('threads')").fetchone()
    con.execute("SET threads = 1")
    parts = parts_in(con, files, folder, loaded)
    con.execute(f"SET threads = {threads}")
    return parts


def _tell_open_runs(con: Connection, parts: Sequence[Part]) -> None:
    writers_of: dict[tuple[str, int], list[str]] = {}
    for run, nth, writer in con.execute(_OPEN_RUNS).fetchall():
        writers_of.setdefault((run, nth), []).append(writer or "")
    wanted = {writer for several in writers_of.values() for writer in several}
    closed = {part.facts.writer: part.facts.closes for part in parts}
    tell_statuses(con, writers_of, dict(_openings(parts, wanted)), closed)


def _openings(parts: Sequence[Part], writers: Collection[str]) -> Iterator[tuple[str, Record]]:
    """As the lines have them: what tells whether a process lives is no column, and may become more."""
    for part in parts:
        if part.facts.openings and part.facts.writer in writers:
            found = lines_with(needle(b'"ev":"log.open"'), [part.file])
            for line in islice(found, part.facts.openings):
                yield line.writer, line.line.record
