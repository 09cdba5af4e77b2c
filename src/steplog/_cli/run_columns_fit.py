"""Which of the usual columns of a listing are shown: what tells runs apart stays where a terminal has no room for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._cli.output import is_terminal
from steplog._cli.run_columns import RUN_COLUMNS, RunColumn
from steplog._show.terminal_text import cells_of, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    Rows = Sequence[Sequence[str]]

_WIDE: Final = 100  # columns from which there are two blanks between columns, and years in times
_ASKED_CELLS: Final = 40  # where there is no width; on a terminal it takes what is left
_LEAST_ASKED: Final = 18
_NAME_CELLS: Final = 18
# Where there is no room, these give way, in this order; a column in which all runs are alike before any other.
_GIVE_WAY: Final = ("llm", "tool", "out", "in", "steps", "errors", "labels", "started")
_ALIKE: Final = ("program", "name")
_ASKED: Final = RUN_COLUMNS["asked"]
_PROGRAM: Final = RUN_COLUMNS["program"]


def telling(columns: list[RunColumn], rows: Rows, runs: int) -> tuple[list[RunColumn], Rows]:
    """The columns and their cells without those that tell no run apart.

    That is what was asked where nothing was, and the program unless runs of the same name come from several.
    """
    found = {column: [row[at] for row in rows[:runs]] for at, column in enumerate(columns)}
    dull: set[int] = set()
    if {*found.get(_ASKED, ())} == {"-"}:
        dull.add(columns.index(_ASKED))
    names, programs = found.get(RUN_COLUMNS["name"], []), found.get(_PROGRAM, [])
    if programs and len({*zip(names, programs, strict=True)}) == len({*names}):
        dull.add(columns.index(_PROGRAM))
    rows = [
        [
            one_line(cell, _ASKED_CELLS) if columns[at] is _ASKED and not is_terminal() else cell
            for at, cell in enumerate(row)
        ]
        for row in rows
    ]
    return _without(dull, columns, rows)


def has_room(columns: list[RunColumn], rows: Rows, width: int) -> bool:
    """Whether all stands on lines of that width."""
    return _cells(columns, rows, width) <= width


def fitting(columns: list[RunColumn], rows: Rows, width: int) -> tuple[list[RunColumn], Rows]:
    """The columns and their cells on lines of that width: names and what was asked are cut, then columns give way."""
    rows = [[_cut(columns[at], cell, width) for at, cell in enumerate(row)] for row in rows]
    least = _LEAST_ASKED if _ASKED in columns else 0
    alike = [name for name in _ALIKE if _is_alike(name, columns, rows)]
    for name in (*alike, *_GIVE_WAY):
        if _cells(columns, rows, width, asked=least) <= width:
            break
        if RUN_COLUMNS[name] in columns:
            columns, rows = _without({columns.index(RUN_COLUMNS[name])}, columns, rows)
    if _ASKED in columns:
        at = columns.index(_ASKED)
        room = max(1, width - _cells(columns, rows, width, asked=0))
        rows = [
            [one_line(cell, room) if here == at else cell for here, cell in enumerate(row)] for row in rows
        ]
    return columns, rows


def _cut(column: RunColumn, cell: str, width: int) -> str:
    is_name = column in (RUN_COLUMNS["name"], _PROGRAM)
    return one_line(cell, _NAME_CELLS) if is_name and width < _WIDE else cell


def _is_alike(name: str, columns: list[RunColumn], rows: Rows) -> bool:
    column = RUN_COLUMNS[name]
    several = rows[:-1]  # without the sums
    return (
        len(several) > 1 and column in columns and len({row[columns.index(column)] for row in several}) == 1
    )


def _without(gone: Collection[int], columns: list[RunColumn], rows: Rows) -> tuple[list[RunColumn], Rows]:
    kept = [at for at in range(len(columns)) if at not in gone]
    return [columns[at] for at in kept], [[row[at] for at in kept] for row in rows]


def _cells(columns: list[RunColumn], rows: Rows, width: int, asked: int | None = None) -> int:
    """How wide the table is, as `rich_table` prints it; with `asked` cells for what was asked, where that is given."""
    found = 0
    for at, column in enumerate(columns):
        cells = max(map(cells_of, (column.title, *(row[at] for row in rows))))
        if column is RUN_COLUMNS["started"] and width < _WIDE:
            cells -= len("2026-") + len("Z")
        found += min(cells, asked) if column is _ASKED and asked is not None else cells
    return found + (1 if width < _WIDE else 2) * len(columns)
