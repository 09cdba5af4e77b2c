"""Rows as a table: by rich on a terminal, plain and unshortened elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._cli.output import is_terminal, say
from steplog._cli.progress import over
from steplog._show.look import COLOURS
from steplog._show.table import table_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def print_rows(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[int],
    last_is_sum: bool = False,
) -> None:
    """Prints the rows (visible text already); the columns `numbers` (from 0) are right-aligned."""
    over()
    if is_terminal():
        from steplog._cli.rich_table import print_table  # noqa: PLC0415 -- rich costs 80 ms, and only a terminal needs it

        print_table(header, rows, numbers=numbers, colours=COLOURS, last_is_sum=last_is_sum)
        return
    for line in table_lines(header, rows, numbers=numbers):
        say(line)
