"""`steplog versions`: the versions of the agents of a log, and since which of them more runs fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from steplog._cli.command import NO, ReadCommand, complain, log_at
from steplog._cli.options import takes_json, takes_limit, takes_log, takes_query
from steplog._cli.output import columns, painted, say
from steplog._cli.output_table import print_rows
from steplog._read.runs.times import moment
from steplog._show.terminal_text import as_json, one_line, visible
from steplog._show.units import clock

if TYPE_CHECKING:
    from steplog._ask.query import Query
    from steplog._ask.versions import Version

_HEADER = ("AGENT", "V", "VERSION", "SINCE", "LAST", "RUNS", "FAILED", "MODEL", "CHANGED")
_CELLS = 32


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog versions",
        "steplog versions --since 7d --json",
        "steplog versions --name support -n 5",
    ),
)
@takes_query()
@takes_limit("Only the N newest of each agent.")
@takes_json
@takes_log
def versions(*, path: str | None, query: Query, limit: int | None, json_: bool) -> None:
    """Show the versions of each agent in the log at PATH: another system prompt, tool, model or parameter makes one.

    Dates, ids and what users say in a prompt make none, as far as several runs tell them apart. Since which version more
    runs fail is said below. Compare two with `steplog diff VERSION VERSION`; VERSION is `support/v3`, `v3` if that is one, or
    the beginning of the digits. Exit code 1 if no model was called.
    """
    from steplog._ask import versions as answers  # noqa: PLC0415 -- `steplog --help` and completion need none
    from steplog._ask.find import ids_of  # noqa: PLC0415 -- as the line before

    with log_at(path) as log:
        found = answers.newest(answers.versions(log, runs=ids_of(log, query)), limit)
        if json_:
            say(as_json([each.as_json() for each in found], indent=2))
        elif found:
            print_rows(_HEADER, [_row(each) for each in found], numbers=(1, 5, 6))
            for each in found:
                if each.sentence:
                    say(painted(one_line(f"! {each.sentence}", columns() * 2), "red"))
        if not found:
            complain(f"no model calls in {log.path}" + (" that fit" if query else ""))
            click.get_current_context().exit(NO)


def _row(version: Version) -> list[str]:
    times = (clock(moment(version.first)), clock(moment(version.last)))
    share = f"{version.failed} ({100 * version.failed / version.runs:.0f}%)" if version.failed else "0"
    cells = (
        version.agent, f"v{version.number}", version.fingerprint, *times, str(version.runs), share,
        version.model or "-", ", ".join(version.changed) or "-",
    )  # fmt: skip
    return [one_line(visible(cell), _CELLS) for cell in cells]
