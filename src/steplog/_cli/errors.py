"""`steplog errors`: the failures of a log, one entry a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from steplog._cli.command import NO, ReadCommand, complain
from steplog._cli.engine import answers_at
from steplog._cli.options import takes_engine, takes_form, takes_limit, takes_log, takes_query
from steplog._cli.output import columns, painted, say
from steplog._show.terminal_text import as_json, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._ask.errors import ErrorKind
    from steplog._ask.query import Query

_MOST_CELLS: Final = 2_000
_ID_DIGITS: Final = 8


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog errors --since 7d",
        "steplog errors --tool refund --json",
        "steplog errors --name support -n 3",
    ),
)
@takes_query()
@takes_limit("Only the N most frequent kinds.")
@takes_form
@takes_engine
@takes_log
def errors(
    *, path: str | None, engine: str, master: str | None, query: Query, limit: int | None, form: str | None
) -> None:
    """Group the failures of the log at PATH by type, place and message without its numbers, paths and ids.

    Each with how often, in how many runs, first and last time, and the newest example with the step that led to it. The
    most frequent comes first. Exit code 1 if there are none.
    """
    with answers_at(path, engine, master) as log:
        found = log.errors(query, limit=limit)
        if form == "json":
            say(as_json([kind.as_json() for kind in found], indent=2))
        elif form == "jsonl":
            for kind in found:
                say(as_json(kind.as_json()))
        else:
            for kind in found:
                for line in _lines(kind):
                    say(line)
        if not found:
            complain(f"no errors in {log.url}" + (" that fit" if query else ""))
            click.get_current_context().exit(NO)


def _lines(kind: ErrorKind) -> Iterator[str]:
    room = columns() - 2
    times = f"{kind.count} x" if kind.count > 1 else "once"
    runs = f" in {kind.runs} runs" if kind.runs > 1 else ""
    where = f"{kind.kind} {kind.name}".strip()
    yield painted(one_line(f"{times}  {kind.type} in {where}: {kind.message}", room), "red")
    since = f"{_time(kind.first)} to {_time(kind.last)}" if kind.count > 1 else _time(kind.last)
    yield f"  {since}{runs}, {kind.fingerprint}"
    yield "  " + one_line(f"newest: {kind.run[:_ID_DIGITS]} step {kind.step}: {kind.example}", _MOST_CELLS)
    if kind.led is not None:
        yield one_line(
            f"  after:  step {kind.led.step} {kind.led.kind} {kind.led.name}: {kind.led.said}", room
        )
    yield ""


def _time(ts: str) -> str:
    return one_line(ts[:19].replace("T", " ") + "Z", 30)
