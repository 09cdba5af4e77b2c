"""`steplog mcp`: a server for coding agents without a shell."""

from __future__ import annotations

import click

from steplog._cli.command import USAGE, ReadCommand, complain
from steplog._cli.options import takes_log

_INSTALL = "this needs the extra `mcp`: pip install 'steplog[mcp]'"


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog mcp",
        "steplog mcp logs",
        "steplog mcp -p logs",
    ),
)
@takes_log
def mcp(*, path: str | None) -> None:
    """Serve the log at PATH to a coding agent over the Model Context Protocol, on standard input and output.

    Eight tools that only read: list_runs, show_run, show_step, search, diff_runs, stats, postmortem, query. Each answers
    within a budget of tokens, and marks what stands in the log as data. For agents with a shell `steplog skill install` is
    the shorter way. Needs the extra `mcp`: pip install 'steplog[mcp]'.
    """
    if path == "-":
        raise click.UsageError("standard input is where the client speaks: give the path of a log")
    try:
        from steplog._mcp.server import server  # noqa: PLC0415 -- an extra, and `steplog --help` needs none
    except ImportError:
        complain(_INSTALL)
        click.get_current_context().exit(USAGE)
    server(path).run("stdio")
