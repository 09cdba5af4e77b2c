"""`steplog prune`: delete old closed segments; without --yes only say which."""

from __future__ import annotations

import time

import click

from steplog._cli.command import ReadCommand, complain
from steplog._cli.options import takes_log
from steplog._cli.sizes import Size, size_text
from steplog._read.files.segments import log_path
from steplog._show.terminal_text import one_line
from steplog._write.keep.closed_segments import delete, expendable, segments_of, shipped_from
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

    Without limits those of the settings hold (STEPLOG_KEEP_DAYS, STEPLOG_KEEP_BYTES). Never goes a segment whose writer
    lives, in which a run began that is still open, or that was not shipped yet where the log is shipped.
    """
    settings = Settings.load(path, warn=complain)
    days = settings.keep_days if keep_days is None else keep_days
    most = settings.keep_bytes if keep_bytes is None else keep_bytes
    directory = log_path(path)
    if not directory.is_dir():
        raise click.UsageError(f"{directory} is no directory: a shared file is pruned by who rotates it")
    if not days and not most:
        raise click.UsageError("nothing limits this log: give --keep-days or --keep-bytes")
    segments = segments_of(directory)
    found = expendable(
        segments, keep_days=days, keep_bytes=most, now=time.time(), shipped=shipped_from(directory)
    )
    for segment in segments:
        if segment.stays:
            click.echo(f"keep    {one_line(segment.path.name, _CELLS)}  ({one_line(segment.stays, _CELLS)})")
    for segment in delete(found) if yes else found:
        word = "deleted" if yes else "delete "
        click.echo(f"{word} {one_line(segment.path.name, _CELLS)}  {size_text(segment.size)}")
    total = size_text(sum(segment.size for segment in found))
    left = size_text(sum(segment.size for segment in segments) - sum(segment.size for segment in found))
    if yes or not found:
        click.echo(f"{len(found)} segments deleted, {total}; {left} left")
        return
    click.echo(f"{len(found)} segments would be deleted, {total}; {left} would be left. Add --yes to do it.")
