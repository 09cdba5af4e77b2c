"""A Spark session as the database that figures are counted in: the statements of `steplog._ask`, in Spark's words."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.tables.database import Database
from steplog._ask.tables.loading import Loaded
from steplog._fleet.spark_lines import small_table
from steplog._fleet.spark_sql import as_spark

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

Session = Any  # pyspark's, which is an extra

_MADE: Final = re.compile(r"\s*CREATE TEMP TABLE (\w+) AS\s+(.*)", re.DOTALL)
_EMPTY: Final = re.compile(r"\s*CREATE TEMP TABLE IF NOT EXISTS (\w+) \((.*)\)", re.DOTALL)
_ADDED: Final = re.compile(r"\s*INSERT INTO (\w+) BY NAME\s+(.*)", re.DOTALL)
_VALUES: Final = re.compile(r"\s*INSERT INTO (\w+) VALUES")
_TYPES: Final = {"VARCHAR": "STRING", "BIGINT[]": "ARRAY<BIGINT>"}


@contextmanager
def spark_database(session: Session) -> Generator[Database]:
    """The session, with its views made, as a database; what it keeps for that is let go of at the end."""
    connection = _Connection(session)
    try:
        yield Database(connection, Loaded())
    finally:
        connection.let_go()


class _Rows:
    """What a SELECT gave."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._rows


class _Connection:
    """As much of DuckDB's connection as `steplog._ask` uses to count: tables for a while, and SELECTs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kept: list[Any] = []
        self._tables: dict[str, tuple[str, list[Sequence[Any]]]] = {}  # name -> columns, rows

    def execute(self, sql: str, values: Sequence[Any] = ()) -> _Rows:
        """One statement; tables that are made become views of what was kept."""
        if found := _MADE.fullmatch(sql):
            self._keep(found[1], self._session.sql(as_spark(found[2])))
        elif found := _EMPTY.fullmatch(sql):
            if found[1] not in self._tables:
                self._tables[found[1]] = (found[2], [])
                self._fill(found[1])
        elif found := _ADDED.fullmatch(sql):
            more = self._session.sql(as_spark(found[2]))
            self._keep(found[1], self._session.table(found[1]).unionByName(more, allowMissingColumns=True))
        elif found := _VALUES.match(sql):
            self._tables[found[1]][1].append(tuple(values))
            self._fill(found[1])
        else:
            rows = self._session.sql(as_spark(sql), args=list(values)).collect()
            return _Rows([tuple(row) for row in rows])
        return _Rows([])

    def let_go(self) -> None:
        """Forgets what was kept."""
        for frame in self._kept:
            frame.unpersist()

    def _keep(self, name: str, frame: Any) -> None:
        self._kept.append(frame.persist())
        frame.createOrReplaceTempView(name)

    def _fill(self, name: str) -> None:
        columns, rows = self._tables[name]
        typed = (column.split() for column in columns.split(", "))
        schema = ", ".join(f"{column} {_TYPES.get(type_, type_)}" for column, type_ in typed)
        small_table(self._session, schema, rows).createOrReplaceTempView(name)
