"""`steplog errors`: the failures of a log, one entry a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from steplog._cli.command import NO, ReadCommand, complain, log_at
from steplog._cli.engine import Here, answers_at
from steplog._cli.options import takes_budget, takes_engine, takes_form, takes_limit, takes_log, takes_query
from steplog._cli.output import columns, painted, say
from steplog._show.note_lines import note_line
from steplog._show.terminal_text import as_json, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steplog._ask.errors import ErrorKind
    from steplog._ask.query import Query
    from steplog._notes.note import Note
    from steplog._read.log import Log

_MOST_CELLS: Final = 2_000
_ID_DIGITS: Final = 8


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog errors --since 7d",
        "steplog errors --tool refund --json",
        "steplog errors --name support -n 3",
        "steplog errors --new --since 1h || echo failed in a new way",
    ),
)
@takes_query()
@click.option(
    "--new",
    "is_new",
    is_flag=True,
    help="Only those that no other run had, or that came back after `steplog note --label fixed`.",
)
@click.option(
    "--since-version",
    metavar="VERSION",
    help="Only runs of an agent since this version of it (`steplog versions`).",
)
@takes_limit("Only the N most frequent kinds.")
@takes_budget
@takes_form
@takes_engine
@takes_log
def errors(
    *,
    path: str | None,
    engine: str,
    master: str | None,
    query: Query,
    limit: int | None,
    form: str | None,
    is_new: bool,
    since_version: str | None,
    budget: int | None,
) -> None:
    """Group the failures of the log at PATH by type, place and message without its numbers, paths and ids.

    Each with how often, in how many runs, first and last time, and the newest example with the step that led to it. The
    most frequent comes first. Exit code 1 if there are none.

    With --new, for CI: failures in the runs that are asked for (by --since and the like; without any, in those of the
    newest process) which no other run had, and those that were noted as `fixed` before. Notes with the label `known` keep a
    failure from being new. Exit code 1 if there are any, 0 if there are none.
    """
    if is_new or since_version is not None or (budget is not None and form is None):
        if engine == "spark":
            raise click.UsageError("--new, --since-version and --budget are for --engine duckdb")
        with log_at(path) as log:
            _tell_chosen(log, query, since_version, limit, form, budget=budget, is_new=is_new)
        return
    with answers_at(path, engine, master) as log:
        found = log.errors(query, limit=limit)
        _print(found, form, log.log.notes if isinstance(log, Here) else ())
        if not found:
            complain(f"no errors in {log.url}" + (" that fit" if query else ""))
            click.get_current_context().exit(NO)


def _tell_chosen(
    log: Log,
    query: Query,
    version: str | None,
    limit: int | None,
    form: str | None,
    *,
    budget: int | None,
    is_new: bool,
) -> None:
    """What needs the runs one by one: what is new, since a version, or within a budget."""
    from steplog._ask import errors as answers  # noqa: PLC0415 -- `steplog --help` and completion need none
    from steplog._ask.briefs import errors_told  # noqa: PLC0415 -- as the line before

    runs = _runs(log, query, version, is_new=is_new)
    if is_new:
        _tell_new(log, runs or frozenset(), limit, form)
        return
    found = answers.errors(log, runs=runs, limit=limit)
    if budget is not None and form is None:
        say(errors_told(log, runs=runs, limit=limit, tokens=budget))
    else:
        _print(found, form, log.notes)
    if not found:
        complain(f"no errors in {log.path}" + (" that fit" if runs is not None else ""))
        click.get_current_context().exit(NO)


def _print(found: Sequence[ErrorKind], form: str | None, notes: Sequence[Note]) -> None:
    from steplog._ask.recurring import noted_failures  # noqa: PLC0415 -- as above

    if form == "json":
        say(as_json([kind.as_json() for kind in found], indent=2))
        return
    noted = noted_failures(notes)
    for kind in found:
        if form == "jsonl":
            say(as_json(kind.as_json()))
            continue
        for line in _lines(kind, noted.get(kind.fingerprint)):
            say(line)


def _runs(log: Log, query: Query, version: str | None, *, is_new: bool) -> frozenset[str] | None:
    """The ids of the runs that are asked for; None for all."""
    from steplog._ask.find import ids_of  # noqa: PLC0415 -- as in `errors`
    from steplog._ask.recurring import newest_runs, runs_since_version  # noqa: PLC0415 -- as the line before

    asked = ids_of(log, query)
    if version is not None:
        since = runs_since_version(log, version)
        return since if asked is None else asked & since
    return newest_runs(log) if asked is None and is_new else asked


def _tell_new(log: Log, runs: frozenset[str], limit: int | None, form: str | None) -> None:
    from steplog._ask.recurring import recurring  # noqa: PLC0415 -- as in `errors`

    found = [each for each in recurring(log, runs) if each.is_alarm][:limit]
    if form == "json":
        say(as_json([each.as_json() for each in found], indent=2))
    for each in found:
        if form == "jsonl":
            say(as_json(each.as_json()))
        elif form is None:
            say(painted(one_line(each.sentence, _MOST_CELLS), "yellow"))
            for line in _lines(each.kind, None):
                say(line)
    if found:
        click.get_current_context().exit(NO)
    complain(f"no new failures in {len(runs)} {'run' if len(runs) == 1 else 'runs'}")


def _lines(kind: ErrorKind, note: Note | None) -> Iterator[str]:
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
    if note is not None:
        yield f"  note:   {note_line(note, room - 8)}"
    yield ""


def _time(ts: str) -> str:
    return one_line(ts[:19].replace("T", " ") + "Z", 30)
