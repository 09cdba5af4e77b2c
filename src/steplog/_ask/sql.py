"""Questions in SQL over the views of a log, read-only and confined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

import orjson

from steplog._ask.tables.database import MOST_MEMORY, Database, MemoryLimitError, database
from steplog._ask.tables.one_select import checked, views_in
from steplog._ask.tables.views import VIEWS
from steplog._read.errors import NotFound

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from steplog._read.log import Log


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gave: names and DuckDB's types of its columns, its rows, and what to know about the log, in sentences."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> list[dict[str, Any]]:
        """The rows as objects of plain JSON: times as texts (UTC, `Z`), values of type JSON as what they are."""
        return [
            {
                name: _plain(value, type_)
                for name, type_, value in zip(self.columns, self.types, row, strict=True)
            }
            for row in self.rows
        ]


def sql(
    log: Log,
    question: str,
    *,
    runs: Iterable[str] | None = None,
    seconds: float | None = None,
    memory: str | None = None,
    limit: int | None = None,
    parquet: str | os.PathLike[str] | None = None,
) -> Answer:
    """What one SELECT over the views gives; `steplog sql .schema` and docs/sql.md say which there are.

    >>> sql(log, "SELECT model, sum(output_tokens) FROM llm_calls GROUP BY model")  # doctest: +SKIP

    With `runs` only runs of these ids are in the views. `seconds`: how long it may take; `memory`: how much DuckDB may
    hold, such as `"200MB"`, before it goes on in temporary files (without it little, up to 1 GB where it must); `limit`: only the first so many rows. With `parquet` the rows go to that file, and none come back. Nothing but the
    log is read, and nothing else written. Raises: SqlError; LogError without DuckDB (`pip install 'steplog[query]'`).
    """
    wanted = None if runs is None else set(runs)
    asked = _Question(question, seconds, limit, None if parquet is None else str(parquet))
    try:
        return _answer(log, asked, wanted, memory)
    except MemoryLimitError:
        if memory is not None:
            raise
        return _answer(log, asked, wanted, MOST_MEMORY)


@dataclass(frozen=True, slots=True)
class _Question:
    sql: str
    seconds: float | None
    limit: int | None
    parquet: str | None


def _answer(log: Log, asked: _Question, runs: set[str] | None, memory: str | None) -> Answer:
    with database(log, views_in(asked.sql), runs=runs, memory=memory) as held:
        checked(held.connection, asked.sql)
        held.confine([] if asked.parquet is None else [asked.parquet])
        with held.within(asked.seconds):
            if asked.parquet is None:
                found = held.connection.execute(asked.sql)
                columns = tuple((str(column[0]), str(column[1])) for column in found.description)
                rows = tuple(
                    map(tuple, found.fetchall() if asked.limit is None else found.fetchmany(asked.limit))
                )
            else:
                target = asked.parquet.replace("'", "''")
                found = held.connection.execute(
                    f"COPY ({asked.sql}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
                )
                columns, rows = (("count", "BIGINT"),), tuple(map(tuple, found.fetchall()))
        return Answer(
            tuple(name for name, _ in columns), tuple(type_ for _, type_ in columns), rows, tuple(notes(held))
        )


def df(log: Log, question: str) -> Any:
    """What a SELECT gives, or the name of a view, as a pandas DataFrame. Raises: as `sql`; ImportError without pandas."""
    return _frame(log, question, "df")


def pl(log: Log, question: str) -> Any:
    """The same as a polars DataFrame. Raises: as `sql`; ImportError without polars."""
    return _frame(log, question, "pl")


def arrow(log: Log, question: str) -> Any:
    """The same as an Arrow table. Raises: as `sql`; ImportError without pyarrow."""
    return _frame(log, question, "to_arrow_table")


def schema(view: str | None = None) -> dict[str, list[dict[str, str]]]:
    """The views, or one of them, with the name, type and meaning of each column.

    Raises: NotFound.
    """
    if view is not None and view not in VIEWS:
        raise NotFound(f"there is no view {view!r}: there are {', '.join(VIEWS)}")
    return {
        name: [column._asdict() for column in columns]
        for name, columns in VIEWS.items()
        if view in (None, name)
    }


def notes(held: Database) -> Iterable[str]:
    """What somebody who trusts these tables should know of the log."""
    if held.loaded.bad:
        damaged = [bad for bad in held.loaded.bad if not bad.torn]
        yield from (f"unreadable: {bad}" for bad in damaged[:3])
        if len(damaged) > 3:
            yield f"unreadable: {len(damaged) - 3} more lines; steplog doctor names them"
    yield from (
        f"{file} ends in the middle of its compressed data: what was behind is missing"
        for file in held.loaded.cut
    )
    if held.loaded.missing:
        yield (
            f"lines that writers counted are missing: {held.loaded.missing}; what their steps took is only in the totals of "
            "runs that ended"
        )


def _frame(log: Log, question: str, form: str) -> Any:
    asked = f"SELECT * FROM {question}" if question in VIEWS else question
    with database(log, views_in(asked)) as held:
        checked(held.connection, asked)
        held.confine()
        with held.within(None):
            return held.connection.patiently(getattr(held.connection.sql(asked), form))


def _plain(value: Any, type_: str) -> Any:
    if type_ == "JSON" and isinstance(value, str):
        return orjson.loads(value)
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(part, "") for part in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {str(name): _plain(part, "") for name, part in value.items()}
    return value if value is None or isinstance(value, str | int | float) else str(value)
