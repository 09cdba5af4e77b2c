"""A table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, first_number: int, colours: Mapping[str, str]
) -> None:
    """Prints the rows (visible text already); columns from `first_number` on are right-aligned."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, title in enumerate(header):
        table.add_column(title, justify="right" if at >= first_number else "left", no_wrap=title != "NAME")
    for row in rows:
        # Text, not str: rich would read [red] in a run's name as markup.
        table.add_row(*(Text(cell, style=colours.get(cell, "")) for cell in row))
    Console(highlight=False, emoji=False).print(table)
