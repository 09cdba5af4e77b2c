"""`steplog try`: runs a program once, and says whether all of it was seen."""

from __future__ import annotations

import os
import shlex

import click

from steplog._auto.attempt import attempt, six_lines
from steplog._auto.launch import environment
from steplog._auto.program import CannotRunError, resolve
from steplog._cli.command import NO, complain
from steplog._cli.run import Refused, RunCommand
from steplog._show.terminal_text import as_json


@click.command("try", cls=RunCommand, options_metavar="[OPTIONS] [--]")
@click.option(
    "-p", "--path", metavar="DIR", help="Where to write the log. Default: $STEPLOG_PATH, then ./steplogs."
)
@click.option(
    "--json", "json_", is_flag=True, help="One JSON object; the program's output goes to standard error."
)
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PROGRAM [ARGS]...")
def try_(path: str | None, *, json_: bool, program: tuple[str, ...]) -> None:
    """Run a program once as `steplog run` does, and say what was seen of it, what was not, and the cure.

    \b
      steplog try agent.py
      steplog try -m my_agent
      steplog try -- python agent.py --question "Why?"

    It waits for the program's end, and says on standard error in at most six lines: which run was recorded, what was
    seen, what is not right (a sub-agent that lost its config, no token counts, no price, values cut, recorded twice,
    nothing recorded and why), and the next command. Exit code: the program's; 1 if it was fine and nothing was recorded.
    """  # noqa: D301 -- as in run
    try:
        tried = attempt(
            resolve(program, os.environ), environment(os.environ, {"path": path}, quiet=True), aside=json_
        )
    except CannotRunError as error:
        raise Refused(error, "try") from None
    except OSError as error:
        raise Refused(CannotRunError(126, f"{program[0]}: {error.strerror}"), "try") from None
    if json_:
        click.echo(as_json(tried.as_json(), indent=2))
    else:
        for line in six_lines(tried, f" -p {shlex.quote(path)}" if path else ""):
            complain(line)
    code = 128 - tried.code if tried.code < 0 else tried.code
    click.get_current_context().exit(code or (0 if tried.runs else NO))
