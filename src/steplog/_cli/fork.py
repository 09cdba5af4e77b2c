"""`steplog fork`: where a run can go on from one of its steps."""

from __future__ import annotations

import click

from steplog._cli import complete
from steplog._cli.command import ReadCommand, log_at
from steplog._cli.options import takes_json, takes_log
from steplog._cli.output import say
from steplog._show.terminal_text import as_json, visible


@click.command(
    cls=ReadCommand,
    examples=("steplog fork @last 1", "steplog fork @last 2 --json", "steplog fork @-2 1"),
)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.argument("step", metavar="STEP", type=click.IntRange(min=1))
@takes_json
@takes_log
def fork(*, run: str, step: int, path: str | None, json_: bool) -> None:
    """Say where RUN can go on from STEP: the config of the checkpoint from which LangGraph goes on, state and all; where no
    checkpointer was in use, the messages to start from.

    The state is the checkpointer's and never the log's: graph.invoke(None, config).
    """
    from steplog._ask import fork as answers  # noqa: PLC0415 -- `steplog --help` and completion need none

    with log_at(path) as log:
        found = answers.fork(log.run(run), step)
    if json_:
        say(as_json(found.as_json(), indent=2))
    elif found.config is not None:
        say(visible(f"before node {found.node} (step {found.at}): graph.invoke(None, config)"))
        say("config=" + visible(as_json(found.config)))
    else:
        say(f"no checkpointer was in use; what model call {found.at} was sent:")
        if found.system:
            say("system=" + visible(as_json(found.system)))
        say("messages=" + visible(as_json(list(found.messages))))
