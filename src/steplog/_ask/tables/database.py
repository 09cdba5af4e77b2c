"""A log as a database in memory, held open while questions are asked: loaded, confined, bounded in memory and time."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.tables.contents import add_contents
from steplog._ask.tables.loading import Loaded, load
from steplog._ask.tables.loading_parts import load_parts
from steplog._ask.tables.made_parts import Uneven
from steplog._ask.tables.noted import add_notes
from steplog._ask.tables.one_select import SqlError, sentence
from steplog._ask.tables.patience import interruptible
from steplog._ask.tables.views import MADE_BY, NEEDED_BY
from steplog._read.errors import LogError
from steplog._read.files.segments import segments

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from steplog._ask.tables.loading import Connection
    from steplog._read.log import Log

INSTALL: Final = "this needs DuckDB: pip install 'steplog[query]'"
_MEMORY: Final = "96MB"
_THREADS: Final = 2  # each reads into 32 MB of its own: more of them would not keep within that
MOST_MEMORY: Final = "1GB"
_TRIES: Final = 3  # for a log that is packed or pruned meanwhile


class MemoryLimitError(SqlError):
    """A question cannot be answered within the memory that it may take."""


class Database:
    """The tables and views of a log."""

    def __init__(self, con: Connection, loaded: Loaded) -> None:
        self.connection = con
        self.loaded = loaded

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a SELECT of ours gives."""
        return self.connection.execute(sql, list(values)).fetchall()

    def confine(self, also: Sequence[str] = ()) -> None:
        """From now on no file is read or written, the named ones apart, and no setting is changed."""
        self.connection.execute("SET allowed_paths = ?", [[*map(str, self.loaded.files), *also]])
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")

    @contextmanager
    def within(self, seconds: float | None) -> Generator[None]:
        """Ends a question that takes longer.

        Raises: SqlError for that, and for whatever DuckDB cannot do.
        """
        from duckdb import Error  # noqa: PLC0415 - the extra, which is there if there is a connection

        timer = threading.Timer(seconds, self.connection.interrupt) if seconds else None
        if timer is not None:
            timer.start()
        try:
            yield
        except Error as error:
            if seconds and type(error).__name__ == "InterruptException":
                raise SqlError(f"no answer within {seconds:g} s") from None
            if type(error).__name__ == "OutOfMemoryException":
                raise MemoryLimitError(
                    f"this question needs more memory than it may take: {sentence(error)}"
                ) from None
            raise SqlError(sentence(error)) from None
        finally:
            if timer is not None:
                timer.cancel()


@contextmanager
def database(
    log: Log,
    views: Collection[str],
    *,
    runs: Collection[str] | None = None,
    memory: str | None = None,
    by_lines: bool = False,
) -> Generator[Database]:
    """The log as a database with these views (and those they are made of), with `runs` only of runs of these ids.

    by_lines: with the tables `lines` and `writers` too, for which the log is read line by line.

    `memory` is how much DuckDB may take; beyond it, it goes on in files of a private temporary directory. Without it that
    is little, and more where a statement of ours cannot do with it: not all of DuckDB's work can go on in files.
    Raises: LogError if DuckDB is not installed, or the log changes faster than it can be read.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra
    except ImportError:
        raise LogError(INSTALL) from None

    try:
        with ExitStack() as open_things:
            folder = Path(open_things.enter_context(tempfile.TemporaryDirectory(prefix="steplog-")))
            yield _opened(open_things, log, _Wanted(views, runs, by_lines=by_lines), memory, folder)
    except duckdb.Error as error:
        raise SqlError(sentence(error)) from None


@dataclass(frozen=True, slots=True)
class _Wanted:
    views: Collection[str]
    runs: Collection[str] | None
    by_lines: bool


def _opened(open_things: ExitStack, log: Log, wanted: _Wanted, memory: str | None, folder: Path) -> Database:
    """The database filled; files that go while they are read are looked for again under what names they have then."""
    import duckdb  # noqa: PLC0415 - an extra, which is there

    why, by_lines = "", wanted.by_lines
    for attempt in range(_TRIES):
        files = log.segments if attempt == 0 else segments(log.path)
        for is_by_lines in (False, True)[by_lines:]:
            own = Path(tempfile.mkdtemp(dir=folder))
            con = open_things.enter_context(
                interruptible(
                    duckdb.connect(":memory:", config=_config(memory or _MEMORY, folder)),
                    more_memory="" if memory else MOST_MEMORY,
                )
            )
            try:
                return _filled(con, log, files, wanted, own, by_lines=is_by_lines)
            except Uneven:
                by_lines = True
            except duckdb.IOException as error:
                why = sentence(error)
    raise LogError(f"{log.path} changes while it is read: {why}")


def _config(memory: str, folder: Path) -> dict[str, Any]:
    return {
        "memory_limit": memory,
        "threads": min(_THREADS, os.cpu_count() or 1),
        "temp_directory": str(folder / "spilled"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def _filled(
    con: Connection, log: Log, files: Sequence[Path], wanted: _Wanted, folder: Path, *, by_lines: bool
) -> Database:
    """The connection with all tables and views. Raises: Uneven if it can be filled only by lines."""
    con.execute("SET enable_progress_bar = false")  # our own is for terminals only
    # A database of its own, since only an attached one is compressed in memory: a tenth of the size.
    con.execute("ATTACH ':memory:' AS log (COMPRESS)")
    con.execute("USE log")
    if wanted.runs is not None:
        con.execute("CREATE TABLE wanted AS SELECT unnest(?::VARCHAR[]) AS run", [sorted(wanted.runs)])
    con.execute("CREATE TABLE open_runs (run VARCHAR, nth INTEGER, status VARCHAR)")
    tells_open, is_narrowed = "runs" in wanted.views, wanted.runs is not None
    if by_lines:
        needs = {need for view in wanted.views for need in NEEDED_BY[view]}
        loaded = load(con, files, needs, folder, is_narrowed=is_narrowed, tells_open=tells_open)
    else:
        loaded = load_parts(con, files, folder, is_narrowed=is_narrowed, tells_open=tells_open)
    add_contents(con, log, wanted.views, wanted.runs, folder)
    add_notes(con, log, wanted.runs, folder, fill="notes" in wanted.views)
    for name, sql in MADE_BY.items():
        con.execute(f"CREATE VIEW {name} AS {sql}")
    return Database(con, loaded)
