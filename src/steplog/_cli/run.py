"""`steplog run`: runs a program with recording on, the program unchanged."""

from __future__ import annotations

import os
from typing import get_args

import click

from steplog._auto.launch import environment, launch
from steplog._auto.program import CannotRunError, resolve
from steplog._format.record import Content, Detail


class Refused(click.ClickException):
    """Shown as a sentence, with the exit code a shell would have."""

    def __init__(self, error: CannotRunError, command: str = "run") -> None:
        super().__init__(f"steplog {command}: {error}")
        self.exit_code = error.code  # pyright: ignore[reportAttributeAccessIssue] - click reads it from the instance too

    def show(self, file: object = None) -> None:
        """Write the sentence to stderr."""
        del file
        click.echo(self.message, err=True)


class RunCommand(click.Command):
    """A command whose own options end at the first word that is not one: the rest is the program's, untouched."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the `--` that users leave out, so that `-c` and the program's options are never taken for ours."""
        flags = {option for parameter in self.get_params(ctx) for option in _flags(parameter)}
        ours = {*flags, "-p"}
        end = 0
        while end < len(args) and (args[end] in ours or (args[end].startswith("--") and args[end] != "--")):
            end += 1 if "=" in args[end] or args[end] in flags else 2
        program = args[end:]
        if program[:1] != ["--"]:
            program = ["--", *program]
        return super().parse_args(ctx, [*args[:end], *program])


def _flags(parameter: click.Parameter) -> list[str]:
    return parameter.opts if isinstance(parameter, click.Option) and parameter.is_flag else []


@click.command(
    cls=RunCommand,
    options_metavar="[OPTIONS] [--]",
)
@click.option(
    "-p", "--path", metavar="DIR", help="Where to write the log. Default: $STEPLOG_PATH, then ./steplogs."
)
@click.option(
    "--content",
    type=click.Choice(get_args(Content)),
    help="How much of messages and values to keep. Default: $STEPLOG_CONTENT, then full.",
)
@click.option(
    "--detail",
    type=click.Choice(get_args(Detail)),
    help="How many kinds of steps to keep. Default: $STEPLOG_DETAIL, then steps.",
)
@click.option("--quiet", "-q", is_flag=True, help="Say nothing on the terminal when the program is over.")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PROGRAM [ARGS]...")
def run(
    path: str | None, content: str | None, detail: str | None, *, quiet: bool, program: tuple[str, ...]
) -> None:
    """Run a program and record its agents, without a change to it.

    PROGRAM is a Python file, `-m module`, `-c code`, `-` (a script on stdin), or any command:

    \b
      steplog run agent.py --question "Why?"
      steplog run -m my_agent
      steplog run pytest -q
      steplog run -- uvicorn my_agent:app

    Python processes that the program starts are recorded too. Exit code, signals and terminal are the program's
    own; on a terminal's stderr, steplog says at the end what was recorded and how to look at it.
    """  # noqa: D301 -- click wants the backspace character itself, to keep the lines of the examples
    try:
        found = resolve(program, os.environ)
        launch(
            found, environment(os.environ, {"path": path, "content": content, "detail": detail}, quiet=quiet)
        )
    except CannotRunError as error:
        raise Refused(error) from None
