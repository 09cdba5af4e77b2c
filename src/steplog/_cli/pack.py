"""`steplog pack`: closed segments to `.jsonl.zst`."""

from __future__ import annotations

import time

import click

from steplog._cli.command import NO, USAGE, ReadCommand, complain
from steplog._cli.options import takes_log
from steplog._cli.sizes import size_text
from steplog._format.zstd import zstd_module
from steplog._read.files.segments import local_path
from steplog._show.terminal_text import one_line
from steplog._write.keep.judge import Judge
from steplog._write.keep.packing import pack as pack_all
from steplog._write.keep.packing import sweep
from steplog._write.keep.segments import age, segments_in

_CELLS = 200


@click.command(
    cls=ReadCommand,
    examples=("steplog pack", "steplog pack --path steplogs", "steplog pack steplogs"),
)
@takes_log
def pack(*, path: str | None) -> None:
    """Compress the closed segments of the log directory at PATH to .jsonl.zst; every command reads these as well.

    Each is read back and compared before the plain file goes. Never touched is a segment that may still be written to.
    Needs zstd: Python 3.14, or pip install backports.zstd. Exit code 1 if a segment could not be compressed.
    """
    directory = local_path(path)
    if not directory.is_dir():
        raise click.UsageError(f"{directory} is no directory: only segments are packed")
    try:
        zstd_module()
    except ImportError as error:
        complain(str(error))
        click.get_current_context().exit(USAGE)
    sweep(directory, time.time())
    segments = sorted(segments_in(directory), key=age)
    before = after = count = failed = 0
    for segment, became in pack_all(segments, Judge(directory, segments)):
        if isinstance(became, OSError):
            complain(f"cannot compress {segment.path}: {became.strerror}")
            failed += 1
            continue
        count, before, after = count + 1, before + segment.size, after + became.size
        click.echo(f"{one_line(became.name, _CELLS)}  {size_text(segment.size)} -> {size_text(became.size)}")
    click.echo(f"{count} segments packed, {size_text(before)} -> {size_text(after)}")
    if failed:
        click.get_current_context().exit(NO)
