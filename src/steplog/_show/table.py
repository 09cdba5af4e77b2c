"""Rows as lines of text, column under column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._show.terminal_text import cells_of, padded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def table_lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Collection[int]
) -> Iterator[str]:
    """The rows (visible text already) under their header; the columns `numbers` (from 0) are right-aligned."""
    widths = [max(map(cells_of, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = (
            padded(cell, width, right=at in numbers)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def bar(share: float, cells: int, *, ascii_only: bool = False) -> str:
    """A share of 1 as a bar of so many columns; anything above nothing can be seen."""
    share = min(max(share, 0.0), 1.0)
    if ascii_only:
        return "#" * (max(1, round(share * cells)) if share else 0)
    eighths = max(1, round(share * cells * 8)) if share else 0
    full, rest = divmod(eighths, 8)
    return _EIGHTHS[8] * full + (_EIGHTHS[rest] if rest else "")
