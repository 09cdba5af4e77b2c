"""`steplog ls`: the runs of a log, one a line."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import click

from steplog._cli.command import NO, ReadCommand, complain, log_at, warn_about
from steplog._cli.output import is_terminal
from steplog._cli.spans import Moment
from steplog._show.run_tree import COLOURS
from steplog._show.terminal_text import as_json, cells_of, one_line, padded
from steplog._show.units import amount, clock, duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from steplog._read.runs.run import Run

_HEADER: Final = ("RUN", "STARTED", "NAME", "STATUS", "STEPS", "LLM", "TOOL", "ERR", "IN", "OUT", "TIME")
_FIRST_NUMBER: Final = 4  # from this column on things are counted: right-aligned
_SHORT_ID: Final = 8
_NAME_CELLS: Final = 32


@click.command(cls=ReadCommand)
@click.argument("path", required=False)
@click.option(
    "--status", "statuses", multiple=True, metavar="STATUS", help="Only runs of this status; may be repeated."
)
@click.option("--since", type=Moment(), help="Only runs begun since then: 2h, 3d, 2026-11-23.")
@click.option("--until", type=Moment(), help="Only runs begun before then.")
@click.option("--limit", "-n", type=click.IntRange(min=1), help="Only the newest LIMIT of them.")
@click.option("--json", "form", flag_value="json", help="One JSON array.")
@click.option("--jsonl", "form", flag_value="jsonl", help="One JSON object a line.")
def ls(
    *,
    path: str | None,
    statuses: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    form: str | None,
) -> None:
    """List the runs of the log at PATH (- is standard input), newest last.

    Exit code 1 if there are none.
    """
    with log_at(path) as log:
        newest = log.iter_runs(
            since=since, until=until, status=statuses or None, limit=limit, newest_first=True
        )
        runs = list(newest)[::-1]
        warn_about(log)
        if form == "json":
            click.echo(as_json([summary(run) for run in runs], indent=2))
        elif form == "jsonl":
            for run in runs:
                click.echo(as_json(summary(run)))
        elif runs:
            _print_table(runs)
        if not runs:
            complain(f"no runs in {log.path}" + (" that fit" if log.runs else ""))
            click.get_current_context().exit(NO)


def summary(run: Run) -> dict[str, Any]:
    """A run in `--json`; what is unknown is absent."""
    fields: dict[str, Any] = {
        "id": run.id,
        "uuid": run.uuid,
        "name": run.name,
        "framework": run.framework,
        "status": run.status,
        "started": run.started.isoformat().replace("+00:00", "Z") if run.started else None,
        "ms": run.ms,
        "thread": run.thread,
        "resumes": run.resumes,
        "parent_run": run.parent_run,
        "parent_step": run.parent_step,
        "totals": dict(run.totals),
        "file": str(run.file),
    }
    return {name: value for name, value in fields.items() if value not in (None, "")}


def short_ids(runs: Sequence[Run]) -> int:
    """How many digits tell runs apart: 8, or more if they must."""
    ids = sorted({run.id for run in runs})
    length = _SHORT_ID
    for left, right in pairwise(ids):
        while left[:length] == right[:length] and length < len(left):
            length += 1
    return length


def _row(run: Run, digits: int) -> tuple[str, ...]:
    totals = run.totals
    return (
        one_line(run.id[:digits], digits),
        clock(run.started),
        one_line(run.name, _NAME_CELLS) or "-",
        one_line(run.status, _NAME_CELLS),
        *(str(totals.get(name, 0)) for name in ("steps", "llm_calls", "tool_calls", "errors")),
        amount(totals.get("input_tokens", 0)),
        amount(totals.get("output_tokens", 0)),
        duration(run.ms),
    )


def _print_table(runs: Sequence[Run]) -> None:
    digits = short_ids(runs)
    rows = [_row(run, digits) for run in runs]
    if is_terminal():
        from steplog._cli.rich_table import print_table  # noqa: PLC0415 -- rich costs 80 ms, and only a terminal needs it

        print_table(_HEADER, rows, first_number=_FIRST_NUMBER, colours=COLOURS)
        return
    widths = [max(map(cells_of, column)) for column in zip(_HEADER, *rows, strict=True)]
    for row in (_HEADER, *rows):
        cells = (
            padded(cell, width, right=at >= _FIRST_NUMBER)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())
