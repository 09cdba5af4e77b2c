"""`steplog stats`: many runs in figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from steplog._cli.command import NO, ReadCommand, complain, log_at
from steplog._cli.engine import Here, answers_at
from steplog._cli.noted import tell_gone_notes
from steplog._cli.options import (
    takes_budget,
    takes_by,
    takes_engine,
    takes_json,
    takes_limit,
    takes_log,
    takes_query,
)
from steplog._cli.output import columns, say, speaks_unicode
from steplog._cli.output_table import print_rows
from steplog._show.table import bar
from steplog._show.terminal_text import as_json, one_line, visible
from steplog._show.units import dollars, duration
from steplog._show.usage import amount_told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from steplog._ask.query import Query
    from steplog._ask.stats import Figures, Spread, Stats

_HEADER: Final = (
    "RUNS",
    "CALLS",
    "ERR",
    "IN",
    "CACHED",
    "OUT",
    "COST",
    "P50",
    "P95",
    "P99",
    "MAX",
    "TTFT P50",
    "P95",
)
_GROUP_CELLS: Final = 40
_BAR_CELLS: Final = 10
_WIDE: Final = 120  # columns from which there is room for bars
_ID_DIGITS: Final = 8


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog stats --by model",
        "steplog stats --by tool,status --since 30d",
        "steplog stats --by meta.user --by day --json",
    ),
)
@takes_by("")
@click.option(
    "--sort",
    type=click.Choice(["cost", "tokens", "calls", "errors", "p95"]),
    default="cost",
    show_default=True,
    help="What comes first.",
)
@takes_query()
@takes_limit("Only the first N groups; the sums are of all.")
@takes_budget
@takes_json
@takes_engine
@takes_log
def stats(
    *,
    path: str | None,
    by: tuple[str, ...],
    sort: str,
    engine: str,
    master: str | None,
    query: Query,
    limit: int | None,
    json_: bool,
    budget: int | None,
) -> None:
    """Count calls, errors, tokens, cost and durations of the log at PATH, in all or by group.

    Durations are those of the runs, or of the calls where they are grouped by model, tool, node, agent or error. Needs
    the extra `query`: pip install 'steplog[query]'. Exit code 1 if there is nothing to count.
    """
    if budget is not None and not json_:
        _tell_within(path, by, query, budget, engine)
        return
    with answers_at(path, engine, master) as log:
        found = log.stats(by, query)
        groups = sorted(found.groups, key=_SORTS[sort], reverse=True)
        found = replace(found, groups=tuple(groups[:limit]))
        for note in found.notes:
            complain(note)
        if isinstance(log, Here):
            tell_gone_notes(log.log, query, always="label" in by)
        if json_:
            say(as_json(found.as_json(), indent=2))
        elif found.total.runs:
            _print(found, sort)
        if not found.total.runs:
            complain(f"nothing to count in {log.url}" + (" that fits" if query else ""))
            click.get_current_context().exit(NO)


def _tell_within(path: str | None, by: tuple[str, ...], query: Query, budget: int, engine: str) -> None:
    from steplog._ask.briefs import stats_told  # noqa: PLC0415 -- `steplog --help` and completion need none
    from steplog._ask.find import ids_of  # noqa: PLC0415 -- as the line before

    if engine == "spark":
        raise click.UsageError("--budget is for --engine duckdb")
    with log_at(path) as log:
        say(stats_told(log, by, runs=ids_of(log, query), tokens=budget))


_SORTS: Final[dict[str, Callable[[Figures], Any]]] = {
    "cost": lambda each: (each.cost or 0, sum(each.tokens.values()), each.calls),
    "tokens": lambda each: each.tokens["input_tokens"] + each.tokens["output_tokens"],
    "calls": lambda each: each.calls,
    "errors": lambda each: each.errors,
    "p95": lambda each: each.duration.p95 if each.duration else 0,
}


def _print(found: Stats, sort: str) -> None:
    rows = [_row(each, len(found.by)) for each in found.groups]
    header = [*(name.upper() for name in found.by), *_HEADER]
    if not rows:
        print_rows(header, [_cells(found.total)], numbers=range(len(header)))
    else:
        rows.append(["all", *[""] * (len(found.by) - 1), *_cells(found.total)])
        shares = [*_shares(found.groups, sort), None]
        if columns() >= _WIDE and any(shares):
            header = [*header, ""]
            rows = [[*row, _bar(share)] for row, share in zip(rows, shares, strict=True)]
        print_rows(header, rows, numbers=range(len(found.by), len(found.by) + len(_HEADER)), last_is_sum=True)
    say("")
    say(
        f"durations are of {found.of}; cost: {', '.join(map(visible, found.sources)) or 'no prices are installed'}"
    )
    for each in found.unpriced:
        say(one_line(str(each), 200))
    for title, several, words in (("slowest", found.slowest, duration), ("dearest", found.dearest, dollars)):
        told = [
            f"{each.run[:_ID_DIGITS]} {one_line(each.name, _GROUP_CELLS)} {words(each.value)}"
            for each in several
        ]
        if told:
            say(f"{title}: {', '.join(map(visible, told))}")


def _row(figures: Figures, width: int) -> list[str]:
    return [one_line(value or "-", _GROUP_CELLS) for value in figures.group[:width]] + _cells(figures)


def _cells(figures: Figures) -> list[str]:
    tokens = figures.tokens
    read = tokens["input_tokens"]
    return [
        str(figures.runs),
        str(figures.calls),
        str(figures.errors),
        amount_told(read, is_untold=figures.unpriced > 0),
        f"{100 * tokens['cache_read_tokens'] / read:.0f}%" if read else "-",
        amount_told(tokens["output_tokens"], is_untold=figures.unpriced > 0),
        dollars(figures.cost) + ("+?" if figures.unpriced and figures.cost is not None else ""),
        *_spread(figures.duration),
        *_spread(figures.first_token)[:2],
    ]


def _spread(spread: Spread | None) -> list[str]:
    return (
        [duration(value) for value in (spread.p50, spread.p95, spread.p99, spread.max)]
        if spread
        else ["-"] * 4
    )


def _shares(groups: Sequence[Figures], sort: str) -> list[float | None]:
    """How large each group is beside the largest, by what they are sorted by (by tokens where nothing cost anything)."""
    by_cost = sort == "cost" and any(each.cost for each in groups)
    key = (lambda each: float(each.cost or 0)) if by_cost else _SORTS["tokens" if sort == "cost" else sort]
    sizes = [float(key(each)) for each in groups]
    largest = max(sizes, default=0)
    return [size / largest if largest else None for size in sizes]


def _bar(share: float | None) -> str:
    return "" if share is None else bar(share, _BAR_CELLS, ascii_only=not speaks_unicode())
