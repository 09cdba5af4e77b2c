"""`steplog skill`: what a coding agent needs to know to read logs, as the files that it looks for."""

from __future__ import annotations

from pathlib import Path

import click

from steplog._cli.command import ReadCommand
from steplog._cli.output import say
from steplog._show.terminal_text import visible
from steplog._skill.install import TARGETS, TOPICS, NotOursError, install, topic, used_in


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog skill install",
        "steplog skill install --for claude --for cursor",
        "steplog skill show",
        "steplog skill show find",
    ),
)
@click.argument("action", type=click.Choice(["install", "show"]))
@click.argument("name", metavar="[TOPIC]", required=False)
@click.option(
    "--for",
    "targets",
    multiple=True,
    type=click.Choice(list(TARGETS)),
    help="Claude Code, Codex, Cursor, or AGENTS.md, which most read. Default: those that the project shows traces of.",
)
@click.option("--dir", "folder", default=".", metavar="DIR", help="The project. Default: here.")
def skill(*, action: str, name: str | None, targets: tuple[str, ...], folder: str) -> None:
    """Tell coding agents how to read logs: `install` writes the files that they look for, `show` prints what these say.

    A coding agent has under 200 tokens of it in mind all the time; the rest it reads when a run is to be looked at. Topics:
    find, notes, taxonomy, test, sql. Files that steplog did not write are never overwritten; in AGENTS.md only the part
    between its marks is.
    """
    if action == "show":
        try:
            say(topic(name or "skill").rstrip())
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        return
    if name is not None:
        raise click.UsageError(
            f"install takes no topic; `steplog skill show {name}` prints one of {', '.join(TOPICS)}"
        )
    try:
        written = install(Path(folder), targets or used_in(Path(folder)))
    except NotOursError as error:
        raise click.UsageError(str(error)) from None
    for path in written:
        say(visible(str(path)))
