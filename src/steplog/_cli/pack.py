"""`steplog pack`: closed segments to `.jsonl.zst`."""

from __future__ import annotations

import click

from steplog._cli.command import USAGE, ReadCommand, complain
from steplog._cli.options import takes_log
from steplog._cli.sizes import size_text
from steplog._format.zstd import zstd_module
from steplog._read.files.segments import log_path
from steplog._show.terminal_text import one_line
from steplog._write.keep.packing import packed

_CELLS = 200


@click.command(
    cls=ReadCommand,
    examples=("steplog pack", "steplog pack --path steplogs", "steplog pack steplogs"),
)
@takes_log
def pack(*, path: str | None) -> None:
    """Compress the closed segments of the log directory at PATH to .jsonl.zst; every command reads these as well.

    Each is read back and compared before the plain file goes. Never touched is a segment whose writer lives. Needs zstd:
    Python 3.14, or pip install backports.zstd.
    """
    directory = log_path(path)
    if not directory.is_dir():
        raise click.UsageError(f"{directory} is no directory: only segments are packed")
    try:
        zstd_module()
    except ImportError as error:
        complain(str(error))
        click.get_current_context().exit(USAGE)
    before = after = count = 0
    for segment, target in packed(directory):
        size = target.stat().st_size
        count, before, after = count + 1, before + segment.size, after + size
        click.echo(f"{one_line(target.name, _CELLS)}  {size_text(segment.size)} -> {size_text(size)}")
    click.echo(f"{count} segments packed, {size_text(before)} -> {size_text(after)}")
