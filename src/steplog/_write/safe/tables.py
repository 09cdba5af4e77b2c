"""What is told of a table, whichever library holds it: its shape, the names of its columns, its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from steplog._write.safe.attributes import Fields, type_name

MOST_ROWS: Final = 10
MOST_COLUMNS: Final = 20  # of which cells are told
MOST_NAMES: Final = 100
MOST_BYTES: Final = 1 << 20  # of one column's first cells, which may be long texts
_PLAIN: Final = (str, int, float, bool, type(None))


def told(shape: Sequence[int], names: Sequence[Any], cells: Sequence[Sequence[Any]]) -> Fields:
    """A table as fields: `shape`, the first `columns`, and the first rows of the first of them as `head`.

    Rows are dicts by column, so that what stands under a telling name (`password`) is masked like anywhere else.
    """
    texts = [text_of(name) for name in names]
    keys = [name if texts.index(name) == i else f"{i} {name}" for i, name in enumerate(texts[: len(cells)])]
    rows = [dict(zip(keys, row, strict=True)) for row in zip(*cells, strict=False)]
    return {"shape": list(shape), "columns": texts, "head": rows}


def text_of(label: Any) -> str:
    """A column's label as text; of one that is no plain value, its type."""
    if type(label) is str:
        return label
    if type(label) is tuple:
        return " ".join(text_of(part) for part in label)
    return str(label) if type(label) in _PLAIN else f"({type_name(type(label))})"
