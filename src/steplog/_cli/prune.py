"""`steplog prune`: delete old closed segments; without --yes only say which."""

from __future__ import annotations

import time
from collections import deque

import click

from steplog._cli.command import ReadCommand, complain
from steplog._cli.options import takes_log
from steplog._cli.sizes import Size, size_text
from steplog._read.files.segments import local_path
from steplog._show.terminal_text import one_line
from steplog._write.keep.judge import Judge
from steplog._write.keep.retention import Limits, Stock, trim
from steplog._write.keep.segments import age, segments_in, shipped_from
from steplog._write.settings.settings import Settings

_CELLS = 200


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog prune --keep-days 30",
        "steplog prune --keep-bytes 2G",
        "steplog prune --keep-days 30 --keep-bytes 2G --yes",
    ),
)
@click.option("--keep-days", type=click.FloatRange(min=0), help="Delete what was last written before that.")
@click.option("--keep-bytes", type=Size(), help="Delete the oldest until no more is left: 500M, 2G.")
@click.option("--yes", is_flag=True, help="Do it.")
@takes_log
def prune(*, path: str | None, keep_days: float | None, keep_bytes: int | None, yes: bool) -> None:
    """Delete the oldest segments of the log directory at PATH; without --yes only say which.

    Without limits those of the settings hold (STEPLOG_KEEP_DAYS, STEPLOG_KEEP_BYTES). Never goes a segment that may still
    be written to, in which a run began that is still open, or that was not shipped yet where the log is shipped: those
    that the limits would have had are named, with the reason.
    """
    settings = Settings.load(path, warn=complain)
    days = settings.keep_days if keep_days is None else keep_days
    most = settings.keep_bytes if keep_bytes is None else keep_bytes
    directory = local_path(path)
    if not directory.is_dir():
        raise click.UsageError(f"{directory} is no directory: a shared file is pruned by who rotates it")
    if not days and not most:
        raise click.UsageError("nothing limits this log: give --keep-days or --keep-bytes")
    segments = sorted(segments_in(directory), key=age)
    stock = Stock(sum(segment.size for segment in segments), deque(segments))
    judge, shipped = Judge(directory, segments), shipped_from(directory)
    count = size = 0
    for segment, why in trim(stock, Limits(days, most), judge, now=time.time(), shipped=shipped, delete=yes):
        name = one_line(segment.name, _CELLS)
        if why:
            click.echo(f"keep    {name}  ({one_line(why, _CELLS)})")
            continue
        count, size = count + 1, size + segment.size
        click.echo(f"{'deleted' if yes else 'delete '} {name}  {size_text(segment.size)}")
    left = size_text(stock.total)
    if yes or not count:
        click.echo(f"{count} segments deleted, {size_text(size)}; {left} left")
        return
    click.echo(
        f"{count} segments would be deleted, {size_text(size)}; {left} would be left. Add --yes to do it."
    )
