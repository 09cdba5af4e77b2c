"""`steplog test`: a recorded run as a test."""

from __future__ import annotations

from pathlib import Path

import click

from steplog._cli import complete
from steplog._cli.command import NO, ReadCommand, complain, log_at
from steplog._cli.options import takes_log


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog test @last > test_agent.py",
        "steplog test @last --keep recorded/agent.jsonl > test_agent.py",
        "steplog test @last --agent my_app.agents:build > test_agent.py",
    ),
)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.option(
    "--agent",
    metavar="MODULE:FUNCTION",
    default="",
    help="The function that builds your agent, from a model.",
)
@click.option("--keep", metavar="FILE", help="Keep the run in FILE, .jsonl, and let the test read it there.")
@takes_log
def test(*, run: str, path: str | None, agent: str, keep: str | None) -> None:
    """Write a test that plays RUN again without a model and demands that it does the same.

    It passes as it stands: the agent is built from what the log says, and its tools answer as they did. With --agent it is
    your own agent, with your own tools, and the test fails at the first prompt that has changed, with the difference.
    """
    from steplog._expect.golden import golden_lines  # noqa: PLC0415 -- `steplog --help` and completion need none
    from steplog._read.files.segments import log_path  # noqa: PLC0415 -- as the line before
    from steplog._read.log import read  # noqa: PLC0415 -- as the line before
    from steplog._replay.errors import CannotReplay  # noqa: PLC0415 -- as the line before
    from steplog._replay.written_test import replay_test  # noqa: PLC0415 -- as the line before

    with log_at(path) as log:
        found = log.run(run)
        try:
            text = replay_test(found, str(log_path(path).resolve()), agent=agent)
            if keep is not None:
                Path(keep).parent.mkdir(parents=True, exist_ok=True)
                Path(keep).write_bytes(golden_lines(found))
                text = replay_test(read(keep).runs[-1], keep, agent=agent)
        except CannotReplay as error:
            complain(str(error))
            click.get_current_context().exit(NO)
    click.echo(text, nl=False)
