"""The views of docs/sql.md on Spark: the same names, columns and results, made of the same SQL."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.tables.gathered import OF_LINES
from steplog._ask.tables.views import MADE_BY, VIEWS
from steplog._fleet.spark_contents import content_views
from steplog._fleet.spark_lines import read_lines, small_table
from steplog._fleet.spark_sql import as_spark

if TYPE_CHECKING:
    from collections.abc import Collection

Session = Any  # pyspark's, which is an extra

JSON_MARK: Final = "steplog_json"
"""What says in a column's metadata that its texts are JSON."""


def make_views(session: Session, url: str, *, is_kept: bool = False) -> None:
    """Registers the views of the log at a URL or a local folder in the session; if it `is_kept`, for several questions."""
    read_lines(session, url, is_kept=is_kept)
    content_views(session, url)
    for view in ("messages", "documents"):
        _register(view, session.table(view))
    _make(session)


def narrow(session: Session, runs: Collection[str] | None) -> None:
    """Only runs of these ids are in the views of lines from now on; None for all of them again."""
    only = ""
    if runs is not None:
        wanted = small_table(session, "run STRING", [(run,) for run in runs])
        wanted.createOrReplaceTempView("steplog_wanted")
        only = " WHERE run IS NULL OR run IN (SELECT run FROM steplog_wanted)"
    session.sql(f"SELECT * FROM steplog_lines{only}").createOrReplaceTempView("lines")  # noqa: S608 - our own words
    _make(session)


def pyspark(module: str) -> Any:
    """A module of pyspark's, which is an extra, in an environment of its own where Spark is. Raises: ImportError."""
    return import_module(f"pyspark.{module}")


def _make(session: Session) -> None:
    for table, sql in OF_LINES.items():
        session.sql(as_spark(sql)).createOrReplaceTempView(table)
    for view, sql in MADE_BY.items():
        _register(view, session.sql(as_spark(sql)))


def _register(view: str, frame: Any) -> None:
    col = pyspark("sql.functions").col
    columns = [
        col(column.name).alias(column.name, metadata={JSON_MARK: True} if column.type == "JSON" else {})
        for column in VIEWS[view]
    ]
    frame.select(*columns).createOrReplaceTempView(view)
