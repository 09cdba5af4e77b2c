"""`steplog sql`: a log asked in SQL."""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from steplog._cli.command import NO, ReadCommand, complain, log_at
from steplog._cli.engine import answers_at
from steplog._cli.options import takes_budget, takes_engine, takes_form, takes_limit, takes_log
from steplog._cli.output import say
from steplog._cli.output_table import print_rows
from steplog._cli.progress import over
from steplog._show.terminal_text import as_json, one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._ask.sql import Answer

_SCHEMA: Final = ".schema"
_CELLS: Final = 60
_MOST_ROWS: Final = 1_000


@click.command(
    cls=ReadCommand,
    examples=(
        'steplog sql "SELECT model, count(*), sum(output_tokens) FROM llm_calls GROUP BY model"',
        "steplog sql \"SELECT run, step, args->>'order' FROM tool_calls WHERE name = 'refund'\" --csv",
        "steplog sql .schema",
    ),
)
@click.argument("question", metavar="SELECT")
@takes_limit("Only the first N rows; a table shows 1000.")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated, with a header.")
@click.option(
    "--parquet", type=click.Path(dir_okay=False), metavar="FILE", help="Write the rows to this file instead."
)
@click.option("--timeout", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Give up after so long.")
@click.option(
    "--memory",
    metavar="SIZE",
    help="What DuckDB may hold before it uses temporary files: 200MB. Usually little, more where it must.",
)
@takes_budget
@takes_form
@takes_engine
@takes_log
def sql(
    *,
    question: str,
    path: str | None,
    limit: int | None,
    form: str | None,
    parquet: str | None,
    timeout: float | None,
    memory: str | None,
    budget: int | None,
    engine: str,
    master: str | None,
) -> None:
    """Ask the log at PATH one SELECT (DuckDB's SQL) over its views; `.schema` instead names them and their columns.

    Views: runs, steps, llm_calls, tool_calls, messages, documents, notes, errors, points. Nothing else can be read, and
    nothing written. Needs the extra `query`: pip install 'steplog[query]'. Exit code 1 if there are no rows.
    """
    from steplog._ask import sql as answers  # noqa: PLC0415 -- `steplog --help` and completion need none
    from steplog._ask.briefs import sql_told  # noqa: PLC0415 -- as the line before

    if question.split()[:1] == [_SCHEMA]:
        _print_schema(answers.schema(*question.split()[1:2]), as_data=form is not None)
        return
    if engine == "spark":
        if parquet is not None or timeout is not None or budget is not None:
            raise click.UsageError("--parquet, --timeout and --budget are for DuckDB")
        with answers_at(path, engine, master) as log:
            _answer(log.sql(question, limit=limit), form)
        return
    with log_at(path) as log:
        if budget is not None and form is None and parquet is None:
            say(sql_told(log, question, budget))
            return
        found = answers.sql(log, question, seconds=timeout, memory=memory, parquet=parquet, limit=limit)
        if parquet is not None:
            _tell(found.notes)
            say(f"{found.rows[0][0]} rows written to {visible(str(Path(parquet)))}")
            return
        _answer(found, form)


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        complain(note)


def _answer(found: Answer, form: str | None) -> None:
    _tell(found.notes)
    _print(found, form)
    if not found.rows:
        complain("no rows")
        click.get_current_context().exit(NO)


def _print(found: Answer, form: str | None) -> None:
    if form == "json":
        say(as_json(found.as_json(), indent=2))
    elif form == "jsonl":
        for row in found.as_json():
            say(as_json(row))
    elif form == "csv":
        over()
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(found.columns)
        writer.writerows([_text(value) for value in row] for row in found.rows)
    elif found.columns[:1] == ("explain_key",):
        for row in found.rows:
            say(visible(str(row[-1]), keep_breaks=True))
    elif found.rows:
        numbers = {
            at
            for at, type_ in enumerate(found.types)
            if type_.startswith(("BIGINT", "HUGEINT", "INT", "DOUBLE", "DEC"))
        }
        rows = [[one_line(_text(value), _CELLS) for value in row] for row in found.rows[:_MOST_ROWS]]
        print_rows([one_line(name, _CELLS) for name in found.columns], rows, numbers=numbers)
        if len(found.rows) > _MOST_ROWS:
            complain(f"{len(found.rows) - _MOST_ROWS} more rows: --csv, --jsonl or --parquet FILE give all")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.tzinfo is None:
        return f"{value.isoformat(sep=' ')}Z"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return as_json(value) if isinstance(value, list | dict) else str(value)


def _print_schema(views: dict[str, list[dict[str, str]]], *, as_data: bool) -> None:
    if as_data:
        say(as_json(views, indent=2))
        return
    for name, columns in views.items():
        say(name)
        for column in columns:
            say(f"  {column['name']:<20} {column['type']:<10} {column['meaning']}")
        say("")
