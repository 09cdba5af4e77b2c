"""`steplog ls`: the runs of a log, one a line."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import click

from steplog._cli.command import NO, ReadCommand, complain, log_at, warn_about
from steplog._cli.noted import tell_gone_notes
from steplog._cli.options import takes_budget, takes_form, takes_limit, takes_log, takes_query
from steplog._cli.output import columns as width
from steplog._cli.output import is_terminal, say
from steplog._cli.output_table import print_rows
from steplog._cli.run_columns import RUN_COLUMNS, RunColumn, run_columns
from steplog._cli.run_columns_fit import fitting, has_room, telling
from steplog._show.terminal_text import as_json, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._ask.listing import Listing
    from steplog._ask.query import Query
    from steplog._read.runs.run import Run

_SHORT_ID: Final = 8
_USUAL: Final = "run,started,name,status,steps,llm,tool,errors,in,out,time"
_SHORT: Final = "program,asked"  # of a short listing, besides: to say what was asked, each run is read
_NOTES: Final = "notes"
_LABELS: Final = "labels"


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog ls --status error,crashed --since 7d",
        "steplog ls --tool refund --columns run,name,status,thread,cost",
        "steplog ls -q 'model:gpt min-tokens:100' --sort time -n 5",
    ),
)
@takes_query()
@click.option(
    "--columns",
    metavar="LIST",
    help=f"Which columns, in this order. Usually {_USUAL}, of at most 100 runs {_SHORT}, too; also thread, cost, notes, and more.",
)
@click.option("--sort", default="started", metavar="COLUMN", help="The largest last; usually the newest.")
@takes_limit("Only the last N of them: the newest, or with --sort the largest.")
@takes_budget
@takes_form
@takes_log
def ls(
    *,
    path: str | None,
    query: Query,
    columns: str | None,
    sort: str,
    limit: int | None,
    form: str | None,
    budget: int | None,
) -> None:
    """List the runs of the log at PATH (- is standard input), newest last, and what they add up to.

    What was asked and what went in vain in a run (loops, errors again and again, missed caches, unused results) is told
    where at most 100 runs are listed, or the columns `asked` and `notes` are asked for. On a terminal the usual columns
    give way to what was asked. Exit code 1 if there are no runs.
    """
    from steplog._ask.briefs import runs_told  # noqa: PLC0415 -- as the line before
    from steplog._ask.listing import is_short, listing  # noqa: PLC0415 -- `steplog --help` and completion need none

    with log_at(path) as log:
        if budget is not None and form is None:
            say(runs_told(log, str(query), limit or 20, budget))
            return
        names = (columns or _USUAL).split(",")
        if columns is None:
            is_read = is_short(limit, log)
            names += [
                *(_SHORT.split(",") if is_read else ()),
                *([_LABELS] if log.notes else ()),
                *([_NOTES] if is_read else ()),
            ]
        also = {"waste" if name == _NOTES else name for name in names}
        found = listing(log, query, sort=sort, limit=limit, also=also)
        chosen = run_columns(names, short_ids([row.run for row in found.rows]))
        warn_about(log)
        tell_gone_notes(log, query)
        if form == "json":
            say(as_json(found.as_json(), indent=2))
        elif form == "jsonl":
            for row in found.as_json():
                say(as_json(row))
        elif found.rows:
            _print(found, chosen, are_usual=columns is None)
        if not found.rows:
            complain(f"no runs in {log.path}" + (" that fit" if log.runs else ""))
            click.get_current_context().exit(NO)


def short_ids(runs: Sequence[Run]) -> int:
    """How many digits tell runs apart: 8, or more if they must."""
    ids = sorted({run.id for run in runs})
    length = _SHORT_ID
    for left, right in pairwise(ids):
        while left[:length] == right[:length] and length < len(left):
            length += 1
    return length


def _print(found: Listing, columns: list[RunColumn], *, are_usual: bool) -> None:
    rows = [[column.of_run(row) for column in columns] for row in found.rows]
    notes = [row[-1] for row in rows] if are_usual and _is_notes(columns[-1]) else []
    if len(rows) > 1:
        rows.append([column.of_sums(found.sums) for column in columns])
    stand_below = False
    if are_usual:
        columns, rows = telling(columns, rows, len(found.rows))
        # On a terminal a row is never wider than a line: what there is no room for stands below.
        stand_below = any(notes) and is_terminal() and not has_room(columns, rows, width())
        if notes and (stand_below or not any(notes)):
            columns, rows = columns[:-1], [row[:-1] for row in rows]
        if is_terminal():
            columns, rows = fitting(columns, rows, width())
    print_rows(
        [column.title for column in columns],
        rows,
        numbers={at for at, column in enumerate(columns) if column.is_number},
        last_is_sum=len(found.rows) > 1,
    )
    for row, note in zip(found.rows, notes, strict=False):
        if note and stand_below:
            say(one_line(f"{columns[0].of_run(row)}: {note}", width()))


def _is_notes(column: RunColumn) -> bool:
    return column is RUN_COLUMNS[_NOTES]
