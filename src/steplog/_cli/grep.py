"""`steplog grep`: where a phrase stands in what was logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from steplog._cli.command import NO, ReadCommand, complain, log_at
from steplog._cli.options import takes_budget, takes_form, takes_limit, takes_log, takes_query
from steplog._cli.output import columns, painted, say
from steplog._show.terminal_text import as_json, one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._ask.grep import Hit
    from steplog._ask.patterns import Pattern
    from steplog._ask.query import Query
    from steplog._read.log import Log

_ID_DIGITS: Final = 8
_FIELD_CELLS: Final = 60
_LEAST_EXCERPT: Final = 30


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog grep 'quota exceeded'",
        "steplog grep -i danube --kind llm,tool --shown",
        "steplog grep -E 'order [0-9]+' --field args -c",
    ),
)
@click.argument("pattern")
@click.option(
    "-E", "--regexp", "is_expression", is_flag=True, help="PATTERN is a regular expression (Python's)."
)
@click.option("-i", "--ignore-case", is_flag=True, help="Upper and lower case are the same.")
@click.option("-c", "--count", "form", flag_value="count", help="Only how many places there are.")
@click.option("-l", "--runs", "form", flag_value="runs", help="Only the ids of the runs that have it.")
@click.option(
    "--shown",
    "form",
    flag_value="shown",
    help="The model calls whose prompts showed it, instead of the places.",
)
@click.option(
    "--kind", "kinds", metavar="KINDS", help="Only in steps of these kinds: llm,tool,retriever,node,run …"
)
@click.option("--tool", "tools", metavar="TOOLS", help="Only in calls of these tools.")
@click.option(
    "--field", "fields", metavar="NAMES", help="Only in fields of these names: args,result,content,error …"
)
@click.option(
    "-C",
    "--context",
    type=click.IntRange(min=0),
    metavar="LINES",
    help="So many lines of the text on each side.",
)
@takes_query(but=("tool", "tool_failed", "text"))
@takes_limit("Only the newest N places.")
@takes_budget
@takes_form
@takes_log
def grep(
    *,
    pattern: str,
    path: str | None,
    is_expression: bool,
    ignore_case: bool,
    form: str | None,
    kinds: str | None,
    tools: str | None,
    fields: str | None,
    context: int | None,
    query: Query,
    limit: int | None,
    budget: int | None,
) -> None:
    """Find PATTERN in everything the log at PATH holds: prompts, answers, arguments, results, documents, errors.

    A text is logged once, where it first appears, and shown to models many times: --shown lists every call that saw it.
    Exit code 1 if it stands nowhere.
    """
    from steplog._ask import grep as answers  # noqa: PLC0415 -- `steplog --help` and completion need none
    from steplog._ask.briefs import hits_told  # noqa: PLC0415 -- as the line before
    from steplog._ask.find import ids_of  # noqa: PLC0415 -- as the line before
    from steplog._ask.patterns import Pattern  # noqa: PLC0415 -- as the line before

    looked_for = Pattern(pattern, is_expression, ignore_case)
    with log_at(path) as log:
        where: dict[str, Any] = {
            "runs": ids_of(log, query),
            "kinds": _several(kinds),
            "tools": _several(tools),
            "fields": _several(fields),
        }
        if budget is not None and form is None:
            say(hits_told(log, looked_for, limit=limit or 50, tokens=budget, **where))
            return
        hits = answers.grep(log, looked_for, context=context, limit=limit, **where)
        found = sum(1 for _ in _printed(hits, form, log, looked_for, whole=context is not None))
        if form == "count":
            say(str(found))
        if not found:
            if form != "count":
                complain(f"{pattern!r} does not stand in {log.path}")
            click.get_current_context().exit(NO)


def _several(names: str | None) -> tuple[str, ...]:
    return tuple(name for name in (names or "").split(",") if name)


def _printed(
    hits: Iterator[Hit], form: str | None, log: Log, pattern: Pattern, *, whole: bool
) -> Iterator[object]:
    """What was found, each printed in the form asked for."""
    if form == "count":
        yield from hits
    elif form == "runs":
        seen: set[str] = set()
        for hit in hits:
            if hit.run not in seen:
                seen.add(hit.run)
                say(visible(hit.run))
                yield hit
    elif form == "shown":
        yield from _shown(hits, log, pattern)
    elif form == "json":
        several = list(hits)
        say(as_json([hit.as_json() for hit in several], indent=2))
        yield from several
    else:
        for hit in hits:
            say(as_json(hit.as_json()) if form == "jsonl" else _line(hit, whole=whole))
            yield hit


def _shown(hits: Iterator[Hit], log: Log, pattern: Pattern) -> Iterator[object]:
    from steplog._ask.grep import shown  # noqa: PLC0415 -- as in `grep`

    for call in shown(log, pattern, hits):
        several = "messages" if len(call.messages) > 1 else "message"
        numbers = ", ".join(map(str, call.messages))
        say(
            visible(
                f"{call.run[:_ID_DIGITS]} {call.step:>4}  llm {call.model}  in {several} {numbers} of its prompt"
            )
        )
        yield call


def _line(hit: Hit, *, whole: bool) -> str:
    place = painted(f"{visible(hit.run[:_ID_DIGITS])} {hit.step:>4}", "cyan")
    where = one_line(f"{hit.kind} {hit.name}  {hit.field}", _FIELD_CELLS)
    times = f"  ({hit.times} times)" if hit.times > 1 else ""
    if whole:
        text = "\n".join(f"    {line}" for line in visible(hit.excerpt, keep_breaks=True).split("\n"))
        return f"{place}  {where}{times}\n{text}"
    room = max(_LEAST_EXCERPT, columns() - _ID_DIGITS - len(where) - len(times) - 9)
    return f"{place}  {where}  {one_line(hit.excerpt, room)}{times}"
