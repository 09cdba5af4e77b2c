"""`steplog compactions`: where a prompt shrank, and what went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from steplog._cli import complete
from steplog._cli.command import NO, ReadCommand, complain, log_at
from steplog._cli.options import takes_json, takes_log
from steplog._cli.output import columns, painted, say
from steplog._show.terminal_text import as_json, one_line
from steplog._show.units import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._ask.compactions import Compaction

_DONE: Final = {"summarised": "summarised", "edited": "rewritten in place", "trimmed": "left out"}


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog compactions @last",
        "steplog compactions @last --json",
        "steplog compactions @-2",
    ),
)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@takes_json
@takes_log
def compactions(*, run: str, path: str | None, json_: bool) -> None:
    """Show where the prompts of RUN lost messages: which went, what came instead, and which steps did it.

    RUN is the beginning of a run's id, @last, or @-2 for the last but one. Exit code 1 if no prompt shrank.
    """
    from steplog._ask import compactions as answers  # noqa: PLC0415 -- `steplog --help` and completion need none

    with log_at(path) as log:
        found = answers.compactions(log.run(run))
        if json_:
            say(as_json([each.as_json() for each in found], indent=2))
        else:
            for each in found:
                for line in _lines(each):
                    say(line)
        if not found:
            complain(f"no prompt of run {run} lost messages")
            click.get_current_context().exit(NO)


def _lines(found: Compaction) -> Iterator[str]:
    room = columns() - 4
    tokens = ""
    if found.tokens_before and found.tokens_after:
        tokens = f", {amount(found.tokens_before)} -> {amount(found.tokens_after)} tokens"
    count = f"{len(found.gone)} {'message' if len(found.gone) == 1 else 'messages'} {_DONE[found.kind]}"
    by = ", ".join(f"step {number} {name}" for number, name in zip(found.by, found.by_names, strict=True))
    yield painted(f"between steps {found.before} and {found.step}: {count}{tokens}", "yellow")
    yield "  " + one_line(f"by {by or 'the program, before the call'}", room)
    for each in found.gone:
        became = "" if each.became is None else f" (now {each.became})"
        yield "  - " + one_line(f"{each.m} {each.role}{became}: {each.text}", room)
    for each in found.added:
        yield "  + " + one_line(f"{each.m} {each.role}: {each.text}", room)
    yield ""
