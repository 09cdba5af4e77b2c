"""Who answers a question about many runs: DuckDB on this machine, or Spark on as many as there are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from steplog._cli.command import log_at
from steplog._format.shipped import is_url

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from steplog._ask.cost import Costs
    from steplog._ask.errors import ErrorKind
    from steplog._ask.query import Query
    from steplog._ask.sql import Answer
    from steplog._ask.stats import Stats
    from steplog._read.log import Log


class Answers(Protocol):
    """What both can tell of a log."""

    @property
    def url(self) -> str:
        """What was asked."""
        ...

    def stats(self, by: Sequence[str], query: Query) -> Stats:
        """Figures by group."""
        ...

    def cost(self, by: Sequence[str], query: Query) -> Costs:
        """What it cost, by group."""
        ...

    def errors(self, query: Query, *, limit: int | None = None) -> list[ErrorKind]:
        """The kinds of failure."""
        ...

    def sql(self, question: str, *, limit: int | None = None) -> Answer:
        """What one SELECT gives."""
        ...


@contextmanager
def answers_at(path: str | None, engine: str, master: str | None) -> Generator[Answers]:
    """The log at `path`, as this engine answers of it."""
    if master is not None and engine != "spark":
        raise click.UsageError("--master is for --engine spark")
    if engine != "spark":
        with log_at(path) as log:
            yield Here(log)
        return
    from steplog._fleet.spark_answers import spark_log_at  # noqa: PLC0415 -- an extra, and slow to import
    from steplog._read.files.segments import local_path  # noqa: PLC0415 -- `steplog --help` needs no reader

    if path == "-":
        raise click.UsageError("standard input cannot be read by Spark: give the log's path")
    with spark_log_at(str(path) if is_url(path) else str(local_path(path)), master) as log:
        yield log


class Here:
    """DuckDB, and the reader."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.url = str(log.path)

    def stats(self, by: Sequence[str], query: Query) -> Stats:
        from steplog._ask import stats as answers  # noqa: PLC0415 -- `steplog --help` and completion need none
        from steplog._ask.find import ids_of  # noqa: PLC0415 -- as the line before

        return answers.stats(self.log, by, runs=ids_of(self.log, query))

    def cost(self, by: Sequence[str], query: Query) -> Costs:
        from steplog._ask import cost as answers  # noqa: PLC0415 -- as in `stats`
        from steplog._ask.find import ids_of  # noqa: PLC0415 -- as in `stats`

        return answers.cost(self.log, by, runs=ids_of(self.log, query))

    def errors(self, query: Query, *, limit: int | None = None) -> list[ErrorKind]:
        from steplog._ask import errors as answers  # noqa: PLC0415 -- as in `stats`
        from steplog._ask.find import ids_of  # noqa: PLC0415 -- as in `stats`

        return answers.errors(self.log, runs=ids_of(self.log, query), limit=limit)

    def sql(self, question: str, *, limit: int | None = None) -> Answer:
        from steplog._ask import sql as answers  # noqa: PLC0415 -- as in `stats`

        return answers.sql(self.log, question, limit=limit)
