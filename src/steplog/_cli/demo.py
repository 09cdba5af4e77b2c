"""`steplog demo`: writes a sample log, and walks through the commands with it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

import click

from steplog._cli.command import INTERRUPTED, ReadCommand
from steplog._cli.output import is_terminal, painted
from steplog._read.log import read

# What to look at, and the command that shows it. RUN names stand for ids, since those differ each time.
_TOUR: Final = (
    ("Five runs of five agents. What happened to them?", ("ls",)),
    ("One that went well: each model call and tool call, what went in, what came out.", ("show", "{research}")),
    ("One that failed: the error in full, where it came from, and what was tried before.", ("show", "{refund}")),
    ("What was the model shown at that step? The prompt, rebuilt whole; the key in it was never written.", ("show", "{refund}", "1")),
    ("One whose process was killed: what it was doing at that moment, with the arguments.", ("show", "{nightly report}")),
    ("One that waits for a human.", ("show", "{send newsletter}")),
    ("One that went in circles: the same call again and again.", ("show", "{find invoice}")),
    ("The newest lines, as they come; `tail -f` follows them.", ("tail", "-n", "4")),
)  # fmt: skip


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog demo",
        "steplog demo --path demo-logs",
        "steplog demo -p demo-logs",
    ),
)
@click.option(
    "--path", "-p", metavar="DIR", help="Where to write the log. Default: a new temporary directory."
)
def demo(*, path: str | None) -> None:
    """Write a sample log, offline, and walk through the commands with it.

    In a terminal each page waits for a key; q ends the tour.
    """
    from steplog._cli.demo_log import write  # noqa: PLC0415 -- the write side, which no reading command needs

    folder = str(Path(path).expanduser().absolute()) if path else tempfile.mkdtemp(prefix="steplog-demo-")
    write(folder)
    ids = {run.name: run.id[:8] for run in read(folder).runs}
    for at, (sentence, words) in enumerate(_TOUR):
        command = [word.format_map(ids) for word in words]
        click.echo(painted(f"# {sentence}", "cyan"))
        click.echo(painted(f"$ steplog {' '.join(command)}", "green"))
        _call(command, folder)
        click.echo()
        if at + 1 < len(_TOUR) and not _goes_on():
            break
    click.echo(f"The log is {folder}, plain JSON lines. Look on with: export STEPLOG_PATH={folder}")
    click.echo("Record an agent of yours: steplog run agent.py")


def _call(command: list[str], folder: str) -> None:
    """The very command, in this process."""
    from steplog._cli.main import steplog  # noqa: PLC0415 -- it lists this module's command

    where = ["--path", folder] if command[0] == "show" else [folder]
    steplog([*command, *where], prog_name="steplog", standalone_mode=False)


def _goes_on() -> bool:
    """Whether to show the next page: asked where somebody sits at the terminal."""
    if not (is_terminal() and sys.stdin.isatty()):
        return True
    click.echo(painted("-- any key for the next page, q to quit --", "cyan"), nl=False)
    key = click.getchar()
    click.echo("\r" + " " * 45 + "\r", nl=False)
    if key == "\x03":
        click.get_current_context().exit(INTERRUPTED)
    return key.lower() != "q"
