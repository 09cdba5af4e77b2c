"""Questions over a log on Spark: the answers of `steplog._ask`, from the same SQL."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.cost import Costs, costs_of
from steplog._ask.dimensions import dimensions
from steplog._ask.query import Query, QueryError
from steplog._ask.sql import Answer
from steplog._ask.stats import Stats, stats_of, views_for
from steplog._ask.tables.one_select import SqlError
from steplog._fleet.spark_database import spark_database
from steplog._fleet.spark_errors import errors_on_spark
from steplog._fleet.spark_lines import count_bad
from steplog._fleet.spark_runs import ids_on_spark
from steplog._fleet.spark_sql import INSTALL, checked
from steplog._fleet.spark_views import JSON_MARK, make_views, narrow, pyspark
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from steplog._ask.errors import ErrorKind

Session = Any  # pyspark's, which is an extra

_TYPES: Final = {"INT": "INTEGER", "STRING": "VARCHAR", "TIMESTAMP_NTZ": "TIMESTAMP", "FLOAT": "FLOAT"}
_QUIET: Final = {"spark.ui.showConsoleProgress": "false", "spark.ui.enabled": "false"}
_EVERYTHING: Final = Query()


class SparkLog:
    """A log at a URL or in a folder, with its views made in a Spark session. `notes` are what to know about it."""

    def __init__(self, session: Session, url: str) -> None:
        """Registers the views. The log's lines, without what was said, are read once and kept by Spark; `close` lets them go."""
        self.session = session
        self.url = url
        self._is_narrow = False
        with _told():
            make_views(session, url, is_kept=True)

    def close(self) -> None:
        """Lets go of what Spark keeps; the views stay."""
        self.session.table("steplog_lines").unpersist()

    @property
    def notes(self) -> tuple[str, ...]:
        """What somebody who trusts these figures should know of the log, in sentences."""
        bad = count_bad(self.session)
        return (f"unreadable: {bad} lines; steplog doctor names them",) if bad else ()

    def stats(self, by: Sequence[str] = (), query: Query = _EVERYTHING, *, ranked: int = 3) -> Stats:
        """As `steplog.ask.stats`, of the runs that the query asks for. Raises: QueryError."""
        views_for(by)
        if any(each.needs_labels or each.needs_versions for each in dimensions(by)):
            raise QueryError("labels and versions are counted by DuckDB: leave out --engine spark")
        with _told():
            self._narrow(query)
            with spark_database(self.session) as held:
                found = stats_of(held, by, prices=True, ranked=ranked)
            return replace(found, notes=self.notes)

    def cost(self, by: Sequence[str] = ("model",), query: Query = _EVERYTHING) -> Costs:
        """As `steplog.ask.cost`. Raises: QueryError."""
        return costs_of(self.stats(by, query, ranked=0))

    def errors(self, query: Query = _EVERYTHING, *, limit: int | None = None) -> list[ErrorKind]:
        """As `steplog.ask.errors`. Raises: QueryError."""
        with _told():
            self._narrow(query)
            return errors_on_spark(self.session, self.url, limit)

    def sql(self, question: str, *, limit: int | None = None) -> Answer:
        """As `steplog.ask.sql`: one SELECT in DuckDB's words over the views. Raises: SqlError."""
        said = checked(question)
        with _told():
            self._narrow(_EVERYTHING)
            frame = self.session.sql(said)
            rows = (frame if limit is None else frame.limit(limit)).collect()
        return Answer(
            tuple(frame.columns),
            tuple(_type(field) for field in frame.schema.fields),
            tuple(tuple(row) for row in rows),
            self.notes,
        )

    def _narrow(self, query: Query) -> None:
        if self._is_narrow:
            narrow(self.session, None)
        wanted = ids_on_spark(self.session, query)
        self._is_narrow = wanted is not None
        if wanted is not None:
            narrow(self.session, wanted)


def spark_session(master: str | None = None) -> Session:
    """A session at this master; `local[*]` is this machine alone. Raises: LogError without pyspark, or where none begins."""
    try:
        builder = pyspark("sql").SparkSession.builder.appName("steplog")
        failures: tuple[type[Exception], ...] = (pyspark("errors").PySparkException, RuntimeError)
    except ImportError:
        raise LogError(INSTALL) from None
    if master is not None and master.startswith("sc://"):
        builder = builder.remote(master)
    else:
        builder = builder.master(master or "local[*]")
    options = dict(_QUIET)
    if master is None or master.startswith("local"):
        # Spark's 200 are for a cluster: here each is a task that waits for one of a few cores.
        options["spark.sql.shuffle.partitions"] = str(2 * (os.cpu_count() or 1))
    for name, value in options.items():
        builder = builder.config(name, value)
    try:
        session: Session = builder.getOrCreate()
    except failures as error:
        raise LogError(f"no Spark session at {master or 'local[*]'}: {str(error).splitlines()[0]}") from None
    if hasattr(session, "sparkContext") and not (master or "").startswith("sc://"):
        session.sparkContext.setLogLevel("ERROR")
    return session


@contextmanager
def spark_log_at(url: str, master: str | None) -> Generator[SparkLog]:
    """The log with its views in a session of its own at this master, which ends with the block."""
    session = spark_session(master)
    try:
        yield SparkLog(session, url)
    finally:
        session.stop()


def _type(field: Any) -> str:
    """A column's type as DuckDB calls it."""
    if field.metadata.get(JSON_MARK):
        return "JSON"
    name = str(field.dataType.simpleString()).upper()
    if name.startswith("ARRAY<"):
        inner = name[len("ARRAY<") : -1]
        return f"{_TYPES.get(inner, inner)}[]"
    return _TYPES.get(name, name)


@contextmanager
def _told() -> Generator[None]:
    """What Spark says, as a sentence. Raises: SqlError."""
    failure: type[Exception] = pyspark("errors").PySparkException
    try:
        yield
    except failure as error:
        raise SqlError(" ".join(str(error).split("JVM stacktrace")[0].split())[:1000]) from None
