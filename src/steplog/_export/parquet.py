"""The views of a log as Parquet files, one folder a view and within it one a day: `OUT/steps/dt=2026-11-23/….parquet`.

A delivery adds files and changes none. What was delivered stands in `OUT/_delivered`, by writer and line numbers, so that a run is
delivered once. Runs come in portions; a portion counts when its ledger stands there, and what a kill left is taken away by the next.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from uuid import uuid4

from steplog._ask.tables.database import Database, database
from steplog._ask.tables.views import OF_RUNS
from steplog._export.parquet_plan import MEMORY, Owed, Plan, plan
from steplog._format.segment_lock import claimed
from steplog._format.shipped import is_url
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Generator

    from steplog._read.log import Log
    from steplog._read.runs.run import Run

LEDGER: Final = "_delivered"
_STAGED: Final = ".staged"
_ZSTD: Final = "FORMAT parquet, COMPRESSION zstd"


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
    rows = dict.fromkeys(OF_RUNS, 0)
    with _alone(folder) as ledgers:
        planned = plan(log, ledgers, since, unfinished=unfinished)
        runs = _by_id(log, planned)
        for portion, files in planned.portions():
            part = _Part(log.path, tuple(files), [run for each in portion for run in runs.pop(each.run, ())])
            for view, count in _deliver(portion, part, folder).items():
                rows[view] += count
    return Delivered(
        len(planned.owed), rows, planned.were_there, tuple(sorted(planned.waiting)), planned.notes
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """As much of a log as a database of some of its runs looks at."""

    path: Path
    segments: tuple[Path, ...]
    runs: list[Run]


def _by_id(log: Log, planned: Plan) -> dict[str, list[Run]]:
    """The runs that are owed, those of one id in the order of the log."""
    wanted = {each.run for each in planned.owed}
    found: dict[str, list[Run]] = {}
    for run in log.runs if wanted else ():
        if run.id in wanted:
            found.setdefault(run.id, []).append(copy(run))
    return found


def _deliver(portion: list[Owed], part: _Part, folder: Path) -> dict[str, int]:
    """Brings over these runs, which are those of the part; how many rows each view got."""
    ids = {each.run for each in portion}
    with database(cast("Log", part), OF_RUNS, runs=ids, memory=MEMORY) as held:
        con = held.connection
        columns = (
            "run VARCHAR",
            "nth INTEGER",
            "w VARCHAR",
            "first BIGINT",
            "last BIGINT",
            "dt VARCHAR",
            "status VARCHAR",
        )
        lists = [[getattr(each, column.split()[0]) for each in portion] for column in columns]
        typed = ", ".join("unnest(?::{1}[]) AS {0}".format(*column.split()) for column in columns)
        con.execute(f"CREATE TABLE chosen AS SELECT {typed}", lists)
        # How an open run stands is told by all of its writer's segments, and was.
        con.execute(
            "UPDATE open_runs SET status = chosen.status FROM chosen WHERE open_runs.run = chosen.run AND open_runs.nth = chosen.nth"
        )
        # Three views are made of this one: it is worked out once.
        con.execute("CREATE TABLE worked_out AS SELECT * FROM steps")
        con.execute("DROP VIEW steps")
        con.execute("ALTER TABLE worked_out RENAME TO steps")
        return _add(held, folder)


def _add(held: Database, folder: Path) -> dict[str, int]:
    """Writes all files beside, gives them their names, and the ledger last; how many rows each view got."""
    batch, staged = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}", folder / _STAGED
    staged.mkdir(mode=0o700)
    rows = {
        view: _copy(held, view, staged, batch, is_first=not _has_files(folder / view)) for view in OF_RUNS
    }
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

    A delivery that fails leaves nothing, not even the folder if there was none.

    Raises: LogError if another process delivers there.
    """
    is_new = not folder.exists()
    (folder / LEDGER).mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = folder / LEDGER / ".lock"
    lock.touch(0o600)
    with claimed(lock) as claim:
        if claim == "held":
            raise LogError(f"another steplog delivers to {folder}: wait for it")
        _clear(folder)
        is_whole = False
        try:
            yield _ledgers(folder)
            is_whole = True
        finally:
            if not is_whole:
                _clear(folder)
            if not is_whole and is_new and not _ledgers(folder):
                _remove(folder)


def _remove(folder: Path) -> None:
    """Takes away a folder in which nothing was delivered, but for what somebody else put in."""
    (folder / LEDGER / ".lock").unlink()
    for left in (folder / LEDGER, *(folder / view for view in OF_RUNS), folder):
        with suppress(OSError):  # not there, or not empty
            left.rmdir()


def _ledgers(folder: Path) -> list[Path]:
    return sorted((folder / LEDGER).glob("*.parquet"))


def _clear(folder: Path) -> None:
    """Takes away what does not count: the files of a delivery that has no ledger."""
    shutil.rmtree(folder / _STAGED, ignore_errors=True)
    batches = {ledger.stem for ledger in _ledgers(folder)}
    for view in OF_RUNS:
        for file in (folder / view).glob("dt=*/*.parquet"):
            if file.stem.rpartition("-")[0] not in batches:
                file.unlink()
        for day in (folder / view).glob("dt=*"):
            with suppress(OSError):  # it has files that count
                day.rmdir()
