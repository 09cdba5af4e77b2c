"""A table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_WIDE: Final = 100  # columns from which a table has room to breathe
_LEAST_NAME: Final = 8


def print_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[int],
    colours: Mapping[str, str],
    last_is_sum: bool = False,
) -> None:
    """Prints the rows (visible text already); the columns `numbers` (from 0) are right-aligned."""
    console = Console(highlight=False, emoji=False)
    is_narrow = console.width < _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1 if is_narrow else 2, 0, 0))
    for at, title in enumerate(header):
        is_name = title == "NAME"
        justify = "right" if at in numbers else "left"
        table.add_column(
            title, justify=justify, no_wrap=not is_name, min_width=_LEAST_NAME if is_name else None
        )
    when = header.index("STARTED") if is_narrow and "STARTED" in header else -1
    for place, row in enumerate(rows):
        # Text, not str: rich would read [red] in a run's name as markup.
        # 80 columns hold a name if the year and the "Z" of a time give way.
        shown = (cell[5:-1] if at == when else cell for at, cell in enumerate(row))
        if last_is_sum and place == len(rows) - 1:
            table.add_section()
        table.add_row(*(Text(cell, style=colours.get(cell, "")) for cell in shown))
    console.print(table)
