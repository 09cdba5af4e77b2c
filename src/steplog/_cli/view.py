"""`steplog view`: the page where people look at runs, in the browser."""

from __future__ import annotations

import sys
import webbrowser
from importlib.util import find_spec
from typing import Final

import click

from steplog._cli.command import USAGE, ReadCommand, complain
from steplog._cli.options import takes_log
from steplog._format.shipped import is_url

_NEEDED: Final = ("starlette", "uvicorn")


@click.command(
    cls=ReadCommand,
    examples=("steplog view", "steplog view steplogs --port 8000", "steplog view -p steplogs --no-open"),
)
@click.option("--port", type=click.IntRange(0, 65535), help="The port; by default 7837, or a free one.")
@click.option("--no-open", is_flag=True, help="Only print the link.")
@click.option("--host", help="Serve beyond this machine, at this address; needs --token.")
@click.option("--token", envvar="STEPLOG_VIEW_TOKEN", help="The token that --host asks of everybody.")
@takes_log
def view(*, path: str | None, port: int | None, no_open: bool, host: str | None, token: str | None) -> None:
    """Look at the runs of the log at PATH in a browser, also while they run.

    The page is served on this machine only, to whoever has the link that is printed; the link works once. It only
    reads. Ctrl-C ends it. Needs the extra `view`: pip install 'steplog[view]'.
    """
    context = click.get_current_context()
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        complain(f"`steplog view` needs {' and '.join(missing)}: pip install 'steplog[view]'")
        context.exit(USAGE)
    if host is not None and host not in ("127.0.0.1", "localhost", "::1") and not token:
        complain("--host serves beyond this machine, and so needs a --token that everybody must know")
        context.exit(USAGE)
    _serve(path, port, host if token else None, token if host else None, is_opened=not no_open)


def _serve(
    path: str | None, port: int | None, host: str | None, token: str | None, *, is_opened: bool
) -> None:
    from steplog._read.files.segments import log_path, segments  # noqa: PLC0415 -- `--help` needs no reader
    from steplog._view.serving import CannotServe, place, serve  # noqa: PLC0415 -- the extra `view`

    where = log_path(path)
    if where.exists():
        segments(where)  # what is no log is told now, and not by an empty page
    try:
        at = place(port, host, token)
    except CannotServe as error:
        complain(str(error))
        click.get_current_context().exit(USAGE)

    def ready() -> None:
        click.echo(f"{path if is_url(path) else where} is shown at {at.link}")
        click.echo("The link opens one browser. Ctrl-C ends this." if at.once else "Ctrl-C ends this.")
        if not where.exists():
            click.echo(f"{where} is not there yet: runs show as soon as they are recorded.", err=True)
        sys.stdout.flush()
        if is_opened:
            webbrowser.open(at.link)

    serve(path, at, ready)
