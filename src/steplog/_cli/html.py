"""`steplog html`: runs as one HTML file that opens anywhere, without a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from steplog._cli import complete
from steplog._cli.command import NO, USAGE, ReadCommand, complain, log_at, warn_about, warnings
from steplog._cli.moment import Moment
from steplog._cli.options import is_path, takes_log
from steplog._show.units import amount

if TYPE_CHECKING:
    from datetime import datetime

    from steplog._read.log import Log
    from steplog._read.runs.run import Run

_MOST: Final = 500  # runs, where no number is given
_LARGE: Final = 50_000_000


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog html @last -o run.html",
        "steplog html --status error --since yesterday -o failed.html",
        "steplog html -n 20 --content preview -o runs.html",
    ),
)
@click.argument("run", metavar="[RUN]", required=False, shell_complete=complete.runs)
@click.option(
    "-n",
    "--limit",
    "--last",
    "last",
    metavar="N",
    type=click.IntRange(min=1),
    help="The newest so many runs.",
)
@click.option("--status", "statuses", multiple=True, help="Only runs of this status; may be repeated.")
@click.option("--name", help="Only runs whose name has this in it.")
@click.option("--thread", help="Only runs of this thread.")
@click.option("--since", type=Moment(), help="Only runs begun since then: 2h, 3d, yesterday, 2026-11-23.")
@click.option("--until", type=Moment(), help="Only runs begun before then.")
@takes_log
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False),
    help="The file; - is standard output.  [default: RUN.html or runs.html]",
)
@click.option(
    "--content", type=click.Choice(("none", "preview", "full")), default="full", show_default=True,
    help="How much of what was said: all, the first 200 characters of each text, or sizes only.",
)  # fmt: skip
def html(
    *,
    run: str | None,
    last: int | None,
    statuses: tuple[str, ...],
    name: str | None,
    thread: str | None,
    since: datetime | None,
    until: datetime | None,
    path: str | None,
    output: str | None,
    content: Literal["none", "preview", "full"],
) -> None:
    """Write one RUN of the log at PATH, or the runs that fit, as a page in one HTML file.

    RUN is the beginning of a run's id, @last, or @-2 for the last but one. The file holds everything and asks for
    nothing: mind what is in it before you pass it on (--content). Exit code 1 if no run fits.
    """
    if run is not None and path is None and is_path(run):
        run, path = None, run
    if run is None and not (last or statuses or name or thread or since or until):
        raise click.UsageError("say which: RUN, -n N, or a filter such as --since 2h")
    with log_at(path) as log:
        warn_about(log)
        if run is not None:
            found = [log.run(run)]
        else:
            found = [r for r in log.runs if _wanted(r, statuses, name, thread, since, until)][
                -(last or _MOST) :
            ]
        if not found:
            complain(f"no runs in {log.path}" + (" that fit" if log.runs else ""))
            click.get_current_context().exit(NO)
        write_page(log, found, _target(output, found), content)


def _wanted(
    run: Run,
    statuses: tuple[str, ...],
    name: str | None,
    thread: str | None,
    since: datetime | None,
    until: datetime | None,
) -> bool:
    fits = (not statuses or run.status in statuses) and (name is None or name.lower() in run.name.lower())
    if not fits or (thread is not None and run.thread != thread):
        return False
    if since is None and until is None:
        return True
    return run.started is not None and not (
        (since is not None and run.started < since) or (until is not None and run.started >= until)
    )


def _target(output: str | None, runs: list[Run]) -> str:
    if output is not None:
        return output
    return f"{runs[0].id[:8]}.html" if len(runs) == 1 else "runs.html"


def write_page(log: Log, runs: list[Run], target: str, content: Literal["none", "preview", "full"]) -> None:
    """The page with these runs to the file `target`, for the user alone; - is standard output."""
    from steplog._view.single_file import html as page  # noqa: PLC0415 -- `--help` needs no page

    text = page(runs, path=str(log.path), log=log, content=content, notices=warnings(log)).encode()
    if target == "-":
        sys.stdout.buffer.write(text)
        return
    try:
        # What was said in runs is private, as the log it comes from.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
    except OSError as error:
        complain(f"cannot write {target}: {error.strerror or error}")
        click.get_current_context().exit(USAGE)
    many = f"{len(runs)} runs" if len(runs) > 1 else f"run {runs[0].id}"
    click.echo(f"{Path(target)}: {many}, {amount(len(text) // 1000)} kB")
    if len(text) > _LARGE:
        complain(
            "a browser takes its time with a file so large; --last N or --content preview make it smaller"
        )
