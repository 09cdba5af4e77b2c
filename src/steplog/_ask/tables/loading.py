"""A log's lines into one table: each good line once, in the order of the log, only what counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.scan import lines_with
from steplog._ask.scan import literal as needle
from steplog._ask.tables.columns import USUAL_LINE, all_columns, select_lines
from steplog._ask.tables.gathered import OF_LINES
from steplog._ask.tables.odd_files import good_lines, is_cut, torn_end
from steplog._format.segment_name import writer_in_name
from steplog._read.files.lines import MAX_LINE, BadLine
from steplog._read.files.liveness import liveness

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from steplog._format.record import Record

Connection = Any  # DuckDB's, which is an extra

_SUSPECT: Final = """
    SELECT file, count(*) FROM stored
    WHERE ev IS NULL OR seq IS NULL OR ts IS NULL OR (run IS NULL AND NOT starts_with(ev, 'log.'))
    GROUP BY file
"""
# Lines without `w` belong to who opened their file: to be told line by line where several did.
_OPENED_TWICE: Final = (
    "SELECT file FROM stored WHERE ev = 'log.open' GROUP BY file HAVING count(DISTINCT w) > 1"
)
_NAMELESS: Final = "SELECT DISTINCT file FROM stored WHERE w IS NULL"
_WRITERS: Final = """
    CREATE TABLE writers AS
    SELECT file, coalesce(any_value(w) FILTER (ev = 'log.open'), any_value(named)) AS w
    FROM stored LEFT JOIN names USING (file) GROUP BY file
"""
_OWNED: Final = "SELECT stored.rowid AS place, stored.* EXCLUDE (w), coalesce(stored.w, writers.w) AS w FROM stored JOIN writers USING (file)"
_SANE: Final = "seq BETWEEN 0 AND 1000000000000"  # what can be squared and summed up
# A writer's numbers are a row without gaps; where they are not, count, sum or sum of squares say so.
_UNEVEN: Final = f"""
    SELECT 1 FROM (
        SELECT max(seq)::HUGEINT AS last, min(seq)::HUGEINT AS first, count(*) AS n, count(*) FILTER ({_SANE}) AS sane,
            sum(seq::HUGEINT) FILTER ({_SANE}) AS total, sum(seq::HUGEINT * seq) FILTER ({_SANE}) AS squares
        FROM ({_OWNED}) WHERE w <> '' AND seq IS NOT NULL GROUP BY w
    )
    WHERE CASE WHEN n <> sane THEN true
        ELSE last - first + 1 <> n OR total * 2 <> (last + first) * n
            OR squares * 6 <> last * (last + 1) * (2 * last + 1) - (first - 1) * first * (2 * first - 1) END
"""
_MISSING: Final = f"""
    SELECT coalesce(sum(missing), 0)::BIGINT FROM (
        SELECT max(seq) - min(seq) + 1 - count(*) AS missing FROM ({_OWNED}) WHERE w <> '' AND {_SANE} GROUP BY w
    )
"""
_DROP_REPEATED: Final = f"""
    DELETE FROM stored WHERE rowid IN (
        SELECT place FROM ({_OWNED}) WHERE w <> '' AND seq IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY w, seq ORDER BY place) > 1
    )
"""
_REUSED: Final = "SELECT run FROM stored WHERE ev = 'run.start' GROUP BY run HAVING count(*) > 1"
_NUMBER_REUSED: Final = f"""
    UPDATE stored SET nth = counted.nth FROM (
        SELECT rowid AS place,
               greatest(1, count(*) FILTER (ev = 'run.start') OVER (PARTITION BY run ORDER BY rowid)) AS nth
        FROM stored WHERE run IN ({_REUSED})
    ) AS counted WHERE stored.rowid = counted.place
"""
_INFERRED: Final = "SELECT 1 FROM stored WHERE implied LIMIT 1"
# The first start counts, and the last end that was not inferred.
_DROP_SUPERSEDED: Final = """
    DELETE FROM stored WHERE rowid IN (
        SELECT rowid FROM stored WHERE run IS NOT NULL
        QUALIFY row_number() OVER (
            PARTITION BY run, nth, step, ev
            ORDER BY CASE WHEN NOT ended THEN 0 WHEN implied THEN 2 ELSE 1 END,
                     CASE WHEN ended AND implied IS NOT TRUE THEN -rowid ELSE rowid END
        ) > 1
    )
"""
_OPEN_RUNS: Final = f"""
    SELECT DISTINCT run, nth, w FROM ({_OWNED})
    WHERE run IS NOT NULL AND (run, nth) NOT IN (SELECT (run, nth) FROM lines WHERE ev = 'run.end')
"""
_CLOSED: Final = f"SELECT w, arg_max(ev, place) = 'log.close' FROM ({_OWNED}) WHERE w IN (SELECT w FROM open_writers) GROUP BY w"
_OPENINGS: Final = (
    "SELECT DISTINCT file FROM lines WHERE ev = 'log.open' AND w IN (SELECT w FROM open_writers)"
)


@dataclass(slots=True)
class Loaded:
    """What a load came upon: damages of files that had to be read one by one, compressed files that end too early, and how
    many lines are missing between those of a writer. `files` are what the tables go on reading.
    """

    bad: list[BadLine] = field(default_factory=list[BadLine])
    cut: list[Path] = field(default_factory=list["Path"])
    missing: int = 0
    files: list[Path] = field(default_factory=list["Path"])


def load(
    con: Connection,
    files: Sequence[Path],
    needs: Collection[str],
    folder: Path,
    *,
    is_narrowed: bool,
    tells_open: bool,
) -> Loaded:
    """Makes the table `stored`, over it `lines`, and the views that others are made of; copies of damaged files go to `folder`.

    is_narrowed: only runs in the table `wanted`. tells_open: fills the table `open_runs`.
    """
    loaded = Loaded([], [file for file in files if file.suffix == ".zst" and is_cut(file)])
    copies = {file: _copy(file, folder, loaded) for file in loaded.cut}
    # A line beyond what DuckDB takes stops it: then the reader, which leaves such a line out, reads everything.
    is_read = _read(con, [copies.get(file, file) for file in files], needs)
    odd = [file for file in (_odd(con, files) if is_read else files) if file not in copies]
    if odd:
        copies |= {file: _copy(file, folder, loaded) for file in odd}
        _read(con, [copies.get(file, file) for file in files], needs)
    con.execute("DELETE FROM stored WHERE ev IS NULL")
    _name_files(con, files, copies)
    con.execute(_WRITERS)
    if con.execute(_UNEVEN).fetchone():
        con.execute(_DROP_REPEATED)
        (loaded.missing,) = con.execute(_MISSING).fetchone()
    if con.execute(_REUSED).fetchone():
        con.execute(_NUMBER_REUSED)
    if con.execute(_INFERRED).fetchone():
        con.execute(_DROP_SUPERSEDED)
    if is_narrowed:
        con.execute("DELETE FROM stored WHERE run NOT IN (SELECT run FROM wanted)")
    con.execute(f"CREATE VIEW lines AS {all_columns(needs)}")
    for name, sql in OF_LINES.items():
        con.execute(f"CREATE VIEW {name} AS {sql}")
    if tells_open:
        tell_open_runs(con)
    return loaded


def _read(con: Connection, files: Sequence[Path], needs: Collection[str]) -> bool:
    """Whether the files could be read into the table `stored`; lines above 16 MiB need more memory, and are rare."""
    # The extra, which is there if there is a connection.
    from duckdb import InvalidInputException, OutOfMemoryException  # noqa: PLC0415

    for most in (USUAL_LINE, MAX_LINE):
        con.execute("DROP TABLE IF EXISTS stored")
        try:
            con.execute(f"CREATE TABLE stored AS {select_lines(files, needs, most)}")
        except (InvalidInputException, OutOfMemoryException):
            con.execute("SET memory_limit = '1GB'")
            con.execute("SET threads = 1")
        else:
            return True
    return False


def _odd(con: Connection, files: Iterable[Path]) -> list[Path]:
    """The files in which DuckDB met something that the reader judges otherwise, a torn end apart."""
    suspects: dict[str, int] = dict(con.execute(_SUSPECT).fetchall())
    shared = {file for (file,) in con.execute(_OPENED_TWICE).fetchall()}
    if shared:
        shared &= {file for (file,) in con.execute(_NAMELESS).fetchall()}
    return [
        file
        for file in files
        if str(file) in shared
        or (count := suspects.get(str(file), 0)) > 1
        or (count == 1 and not torn_end(file))
    ]


def _copy(file: Path, folder: Path, loaded: Loaded) -> Path:
    target = folder / f"{len(list(folder.iterdir()))}.jsonl"
    with target.open("wb") as stream:
        stream.writelines(good_lines(file, loaded.bad))
    return target


def _name_files(con: Connection, files: Iterable[Path], copies: dict[Path, Path]) -> None:
    """Tells the tables whose each file is by its name, and what file a copy stands for."""
    con.execute("CREATE TABLE names (file VARCHAR, named VARCHAR)")
    for file, copy in copies.items():
        con.execute("UPDATE stored SET file = ? WHERE file = ?", [str(file), str(copy)])
    for file in files:
        con.execute("INSERT INTO names VALUES (?, ?)", [str(file), writer_in_name(file)])


def tell_open_runs(con: Connection) -> None:
    """Fills the table `open_runs`: how each run without an end stands, which only the processes of this machine can tell."""
    writers_of: dict[tuple[str, int], list[str]] = {}
    for run, nth, writer in con.execute(_OPEN_RUNS).fetchall():
        writers_of.setdefault((run, nth), []).append(writer or "")
    if not writers_of:
        return
    names = sorted({writer for several in writers_of.values() for writer in several})
    con.execute("CREATE TABLE open_writers AS SELECT unnest(?::VARCHAR[]) AS w", [names])
    closed: dict[str, bool] = dict(con.execute(_CLOSED).fetchall())
    files = sorted(Path(file) for (file,) in con.execute(_OPENINGS).fetchall())
    # As the lines have them: what tells whether a process lives is no column, and may become more.
    opened = {found.writer: found.line.record for found in lines_with(needle(b'"log.open"'), files)}
    tell_statuses(con, writers_of, opened, closed)


def tell_statuses(
    con: Connection,
    writers_of: Mapping[tuple[str, int], Sequence[str]],
    opened: Mapping[str, Record],
    closed: Mapping[str, bool],
) -> None:
    """Fills the table `open_runs` from what is known of each run's writers: how they were opened, and whether they closed."""
    for (run, nth), writers in writers_of.items():
        status = liveness((opened.get(writer, {}), closed.get(writer, False)) for writer in writers)
        con.execute("INSERT INTO open_runs VALUES (?, ?, ?)", [run, nth, status])
