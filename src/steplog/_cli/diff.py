"""`steplog diff`: two runs compared step by step, or two versions of an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from steplog._cli import complete
from steplog._cli.command import NO, ReadCommand, log_at
from steplog._cli.options import takes_budget, takes_json, takes_log
from steplog._cli.output import look, say
from steplog._read.errors import NotFound
from steplog._show.diff_page import diff_lines, prompt_diff_lines
from steplog._show.look import PLAIN
from steplog._show.quoted import quoted
from steplog._show.terminal_text import as_json
from steplog._show.version_page import version_diff_lines

if TYPE_CHECKING:
    from steplog._ask.version_diff import VersionDiff
    from steplog._read.log import Log


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog diff @-2 @last",
        "steplog diff @-2 @last --json",
        "steplog diff @last @last --prompt 1 3",
        "steplog diff support/v1 support@last",
    ),
)
@click.argument("a", metavar="A", shell_complete=complete.runs)
@click.argument("b", metavar="B", shell_complete=complete.runs)
@click.option(
    "--prompt",
    "steps",
    type=int,
    nargs=2,
    metavar="STEP STEP",
    help="Compare what two model calls were shown: one of A, one of B.",
)
@takes_budget
@takes_json
@takes_log
def diff(
    *, a: str, b: str, path: str | None, steps: tuple[int, int] | None, json_: bool, budget: int | None
) -> None:
    """Compare the calls of runs A and B, of whatever frameworks: the first difference, then all, then tokens, time, cost.

    Ids and times do not count. A and B are beginnings of run ids, @last, or @-2; or versions of an agent as `steplog
    versions` names them: then prompt, tools, model and parameters are compared, in words. Exit code 1 if they differ.
    """
    from steplog._ask import diff as answers  # noqa: PLC0415 -- `steplog --help` and completion need none
    from steplog._ask.prompt_diff import prompt_diff  # noqa: PLC0415 -- as the line before

    with log_at(path) as log:
        try:
            left, right = log.run(a), log.run(b)
        except NotFound as error:
            found, lines = _versions(log, a, b, error), version_diff_lines
        else:
            if steps is None:
                found, lines = answers.diff(left, right), diff_lines
            else:
                found, lines = prompt_diff(left.step(steps[0]), right.step(steps[1])), prompt_diff_lines
        page = found.as_json()
        if json_:
            say(as_json(page, indent=2))
        else:
            drawn = lines(page, look() if budget is None else PLAIN)
            for line in drawn if budget is None else (quoted(drawn, budget, f"steplog diff {a} {b}"),):
                say(line)
        if not found.same:
            click.get_current_context().exit(NO)


def _versions(log: Log, a: str, b: str, error: NotFound) -> VersionDiff:
    """The same of two versions, if that is what A and B are. Raises: NotFound, as the runs were not found."""
    from steplog._ask.version_diff import version_diff  # noqa: PLC0415 -- only who asks for it needs it
    from steplog._ask.versions import version_meant, versions  # noqa: PLC0415 -- as the line before

    found = versions(log)
    try:
        return version_diff(version_meant(found, a), version_meant(found, b))
    except NotFound as other:
        raise NotFound(f"{error}; {other}") from None
