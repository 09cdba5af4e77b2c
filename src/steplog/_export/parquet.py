"""The views of a log as Parquet files, one folder a view and within it one a day: `OUT/steps/dt=2026-11-23/….parquet`.

A delivery adds files and changes none. What was delivered stands in `OUT/_delivered`, by writer and line numbers, so that a run is
delivered once. A delivery counts when its ledger stands there: what a killed one left is taken away by the next.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from steplog._ask.sql import notes
from steplog._ask.tables.database import Database, database
from steplog._ask.tables.views import VIEWS
from steplog._export.final import FINAL
from steplog._format.shipped import is_url
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Generator

    from steplog._read.log import Log

LEDGER: Final = "_delivered"
_STAGED: Final = ".staged"
_MEMORY: Final = "500MB"
_ZSTD: Final = "FORMAT parquet, COMPRESSION zstd"
# Where each run's lines stand in the numbers of its first line's writer: what it is known by, wherever the log lies by then.
_SEEN: Final = """
    SELECT lines.run, lines.nth, min(starts.w) AS w, min(seq) AS first, max(seq) AS last
    FROM lines JOIN writers USING (file) JOIN (
        SELECT run, nth, arg_min(coalesce(lines.w, writers.w), place) AS w
        FROM lines JOIN writers USING (file) WHERE run IS NOT NULL GROUP BY run, nth
    ) AS starts ON starts.run = lines.run AND starts.nth = lines.nth AND starts.w = coalesce(lines.w, writers.w)
    GROUP BY lines.run, lines.nth
"""
_CHOSEN: Final = f"""
    CREATE TABLE chosen AS
    SELECT run, nth, w, first, last, strftime(started, '%Y-%m-%d') AS dt, status,
        EXISTS (
            SELECT 1 FROM delivered AS d WHERE d.run = seen.run AND d.w = seen.w AND seen.first BETWEEN d.first AND d.last
        ) AS is_there
    FROM runs JOIN ({_SEEN}) AS seen USING (run, nth) WHERE started >= coalesce(?, TIMESTAMP '0001-01-01')
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a delivery added: runs, and rows by view; how many runs `were_there` already, and the ids of those that wait.

    A run waits until it can get no other end, since a row is never changed. `notes` are what to know about the log.
    """

    runs: int
    rows: dict[str, int]
    were_there: int
    waiting: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def parquet(
    log: Log, out: str | os.PathLike[str], *, since: datetime | None = None, unfinished: bool = False
) -> Delivered:
    """Add the log's runs that are not there yet to the folder `out`, as Parquet (zstd), in the views of docs/sql.md.

    `dt` is the day (UTC) on which the run began, for all rows of a run. since: only runs begun then or later. A run that
    may still get an end waits; another host's without an end too, unless `unfinished`.

    Raises: LogError without DuckDB, for a URL, or while another delivery to `out` is under way; OSError.
    """
    if is_url(str(out)):
        raise LogError(
            f"{out} is a store, and Parquet files are added to a folder here: copy it there as a whole"
        )
    folder = Path(out)
    with _alone(folder) as ledgers:
        new, there = _new_ids(log, ledgers, since)
        if new == set():
            return Delivered(0, dict.fromkeys(VIEWS, 0), there)
        with database(log, VIEWS, runs=new, memory=_MEMORY) as held:
            return _deliver(held, folder, ledgers, since, there, unfinished=unfinished)


def _new_ids(log: Log, ledgers: list[Path], since: datetime | None) -> tuple[set[str] | None, int]:
    """The runs to look into, None for all of them, and how many are there: these are not read again."""
    if not ledgers and since is None:
        return None, 0
    with database(log, ["runs"]) as held:
        _choose(held, ledgers, since)
        [(there,)] = held.rows("SELECT count(*) FROM chosen WHERE is_there")
        return {run for (run,) in held.rows("SELECT DISTINCT run FROM chosen WHERE NOT is_there")}, there


def _choose(held: Database, ledgers: list[Path], since: datetime | None) -> None:
    con = held.connection
    con.execute("CREATE TABLE delivered (run VARCHAR, w VARCHAR, first BIGINT, last BIGINT)")
    if ledgers:
        con.execute(
            "INSERT INTO delivered SELECT run, w, first, last FROM read_parquet(?)", [list(map(str, ledgers))]
        )
    moment = None if since is None else since.astimezone(UTC).replace(tzinfo=None)
    con.execute(_CHOSEN, [moment])


def _deliver(
    held: Database,
    folder: Path,
    ledgers: list[Path],
    since: datetime | None,
    there: int,
    *,
    unfinished: bool,
) -> Delivered:
    _choose(held, ledgers, since)
    final = [*sorted(FINAL), *(["unfinished"] if unfinished else [])]
    waiting = held.rows("SELECT run FROM chosen WHERE NOT is_there AND NOT list_contains(?, status)", [final])
    held.connection.execute("DELETE FROM chosen WHERE is_there OR NOT list_contains(?, status)", [final])
    [(count,)] = held.rows("SELECT count(*) FROM chosen")
    rows = dict.fromkeys(VIEWS, 0)
    if count:
        # Three views are made of this one: it is worked out once.
        held.connection.execute("CREATE TABLE worked_out AS SELECT * FROM steps")
        held.connection.execute("DROP VIEW steps")
        held.connection.execute("ALTER TABLE worked_out RENAME TO steps")
        rows = _add(held, folder)
    return Delivered(count, rows, there, tuple(sorted(run for (run,) in waiting)), tuple(notes(held)))


def _add(held: Database, folder: Path) -> dict[str, int]:
    """Writes all files beside, gives them their names, and the ledger last; how many rows each view got."""
    batch, staged = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}", folder / _STAGED
    staged.mkdir(mode=0o700)
    rows = {view: _copy(held, view, staged, batch, is_first=not _has_files(folder / view)) for view in VIEWS}
    ledger = f"{LEDGER}/{batch}.parquet"
    (staged / LEDGER).mkdir()
    _copy_to(held, "SELECT run, w, first, last FROM chosen", staged / ledger)
    for file in sorted(staged.rglob("*.parquet"), key=lambda file: file.parent.name == LEDGER):
        target = folder / file.relative_to(staged)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _settle(file)
        file.rename(target)
    shutil.rmtree(staged)
    return rows


def _copy(held: Database, view: str, staged: Path, batch: str, *, is_first: bool) -> int:
    selected = f"SELECT v.*, chosen.dt FROM {view} AS v JOIN chosen USING (run, nth)"  # noqa: S608 - our own words
    count = _copy_to(held, selected, staged / view, f", PARTITION_BY (dt), FILENAME_PATTERN '{batch}-{{i}}'")
    if not count and is_first:
        # A view without a file could not be asked at all.
        [(day,)] = held.rows("SELECT min(dt) FROM chosen")
        (staged / view / f"dt={day}").mkdir(parents=True, exist_ok=True)
        _copy_to(held, f"SELECT * FROM {view} LIMIT 0", staged / view / f"dt={day}" / f"{batch}-0.parquet")  # noqa: S608 - as above
    return count


def _copy_to(held: Database, selected: str, target: Path, options: str = "") -> int:
    path = str(target).replace("'", "''")
    [(count,)] = held.rows(f"COPY ({selected}) TO '{path}' ({_ZSTD}{options})")
    return count


def _settle(file: Path) -> None:
    """On the disk, and for the user alone, as the log is."""
    file.chmod(0o600)
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _has_files(folder: Path) -> bool:
    return next(folder.rglob("*.parquet"), None) is not None


@contextmanager
def _alone(folder: Path) -> Generator[list[Path]]:
    """The ledgers of a folder, which is ours alone within the block, and rid of what a killed delivery left.

    Raises: LogError if another process delivers there.
    """
    (folder / LEDGER).mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LEDGER / ".lock").open("w") as lock:
        if not _locked(lock):
            raise LogError(f"another steplog delivers to {folder}: wait for it")
        ledgers = sorted((folder / LEDGER).glob("*.parquet"))
        shutil.rmtree(folder / _STAGED, ignore_errors=True)
        batches = {ledger.stem for ledger in ledgers}
        for view in VIEWS:
            for file in (folder / view).glob("dt=*/*.parquet"):
                if file.stem.rpartition("-")[0] not in batches:
                    file.unlink()
        yield ledgers


def _locked(lock: Any) -> bool:
    try:
        import fcntl  # noqa: PLC0415 - not on Windows

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return True
    except OSError:
        return False
    return True
