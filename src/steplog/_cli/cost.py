"""`steplog cost`: what the model calls of a log cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from steplog._cli.command import NO, ReadCommand, complain
from steplog._cli.engine import answers_at
from steplog._cli.options import takes_by, takes_engine, takes_json, takes_limit, takes_log, takes_query
from steplog._cli.output import say, speaks_unicode
from steplog._cli.output_table import print_rows
from steplog._show.table import bar
from steplog._show.terminal_text import as_json, one_line
from steplog._show.units import amount, dollars
from steplog._show.usage import amount_told

if TYPE_CHECKING:
    from steplog._ask.cost import Costs
    from steplog._ask.query import Query
    from steplog._ask.stats import Figures

_HEADER: Final = ("RUNS", "CALLS", "IN", "CACHED", "WRITTEN", "OUT", "COST", "SHARE")
_GROUP_CELLS: Final = 40
_BAR_CELLS: Final = 12


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog cost",
        "steplog cost --by meta.user,day --meta user=u-17",
        "steplog cost --by agent --since 30d --json",
    ),
)
@takes_by("model")
@takes_query()
@takes_limit("Only the N dearest groups; the sums are of all.")
@takes_json
@takes_engine
@takes_log
def cost(
    *,
    path: str | None,
    by: tuple[str, ...],
    engine: str,
    master: str | None,
    query: Query,
    limit: int | None,
    json_: bool,
) -> None:
    """Say what the model calls in the log at PATH cost, in US dollars, by the prices of the day of each call.

    The prices are those of [tool.steplog.prices] in pyproject.toml, else of genai-prices. Calls without a price are
    counted and named. Needs the extra `query`: pip install 'steplog[query]'. Exit code 1 if there were no calls.
    """
    with answers_at(path, engine, master) as log:
        found = log.cost(by, query)
        found = replace(found, groups=found.groups[:limit])
        for note in found.notes:
            complain(note)
        if json_:
            say(as_json(found.as_json(), indent=2))
        elif found.total.model_calls:
            _print(found)
        if not found.total.model_calls:
            complain(f"no model calls in {log.url}" + (" that fit" if query else ""))
            click.get_current_context().exit(NO)


def _print(found: Costs) -> None:
    whole = float(found.total.cost or 0)
    rows = [
        [one_line(value or "-", _GROUP_CELLS) for value in each.group] + _cells(each, whole)
        for each in found.groups
    ]
    rows.append(["all", *[""] * (len(found.by) - 1), *_cells(found.total, 0)])
    header = [*(name.upper() for name in found.by), *_HEADER]
    print_rows(header, rows, numbers=range(len(found.by), len(header) - 1), last_is_sum=True)
    say("")
    say(
        f"prices: {one_line(', '.join(found.sources), 300) or 'none are installed: pip install genai-prices'}"
    )
    for each in found.unpriced:
        say(one_line(str(each), 200))


def _cells(figures: Figures, whole: float) -> list[str]:
    tokens = figures.tokens
    share = float(figures.cost or 0) / whole if whole else 0
    return [
        str(figures.runs),
        str(figures.model_calls),
        amount_told(tokens["input_tokens"], is_untold=figures.unpriced > 0),
        amount(tokens["cache_read_tokens"]),
        amount(tokens["cache_write_tokens"]),
        amount_told(tokens["output_tokens"], is_untold=figures.unpriced > 0),
        dollars(figures.cost) + ("+?" if figures.unpriced and figures.cost is not None else ""),
        f"{100 * share:>3.0f}% {bar(share, _BAR_CELLS, ascii_only=not speaks_unicode())}".rstrip()
        if whole
        else "",
    ]
