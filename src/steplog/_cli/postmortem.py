"""`steplog postmortem`: one page about a run that did not end well."""

from __future__ import annotations

import click

from steplog._cli import complete
from steplog._cli.command import ReadCommand, log_at, warnings
from steplog._cli.options import takes_budget, takes_json, takes_log
from steplog._cli.output import columns, painted, say
from steplog._show.postmortem_page import markdown_lines, postmortem_lines
from steplog._show.terminal_text import as_json, visible


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog postmortem @last",
        "steplog postmortem @last --md",
        "steplog postmortem @-2 --json",
    ),
)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.option("--md", "markdown", is_flag=True, help="As Markdown, for a bug report.")
@takes_budget
@takes_json
@takes_log
def postmortem(*, run: str, path: str | None, markdown: bool, json_: bool, budget: int | None) -> None:
    """Say on one page what happened to RUN: what was asked, what was under way and for how long, what failed with which
    input, what was tried, and the last answer.

    RUN is the beginning of a run's id, @last, or @-2 for the last but one. Secrets are masked, as in the log.
    """
    from steplog._ask import postmortem as answers  # noqa: PLC0415 -- `steplog --help` and completion need none
    from steplog._ask.budget import postmortem_told  # noqa: PLC0415 -- as the line before

    with log_at(path) as log:
        if budget is not None and not (json_ or markdown):
            say(postmortem_told(log.run(run), budget))
            return
        page = answers.postmortem(log.run(run)).as_json()
        if json_:
            say(as_json(page, indent=2))
            return
        lines = markdown_lines(page) if markdown else postmortem_lines(page, columns())
        for line in lines:
            say(line)
        for sentence in warnings(log):
            say(painted(visible(f"! {sentence}"), "yellow"))
