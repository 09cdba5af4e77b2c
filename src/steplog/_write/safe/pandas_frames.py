"""Frames, series, indexes and stamps of pandas, read from the arrays and C classes that hold them; pandas is not imported.

None of pandas' Python code is run: its accessors copy, keep what they have worked out in the object, and hand on to
whatever a program has put into a column. What is not known of a layout is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from steplog._write.safe.attributes import Fields, c_field, is_loaded, live_dict, type_name
from steplog._write.safe.pandas_arrays import cells_of, dtype_of, in_words, length_of, plain_labels
from steplog._write.safe.standard_types import Shape, is_known_zone, moment, zone_of
from steplog._write.safe.tables import MOST_COLUMNS, MOST_NAMES, MOST_ROWS, told

_MOST_BLOCKS: Final = 2000
_FIRST: Final = slice(0, MOST_ROWS)


def _frame(o: Any) -> Fields:
    held = live_dict(o).get("_mgr")
    axes = _field(held, "axes")
    if type(axes) is not list or len(axes) != 2:
        return {}
    columns, index = axes
    rows, width = _length(index), _length(columns)
    if rows is None or width is None:
        return {}
    unnamed = [f"({type_name(type(columns))})"] * min(width, MOST_NAMES)
    names = _labels(columns, slice(0, MOST_NAMES)) or unnamed
    return told((rows, width), names, _columns(held, rows, width)) | _row_labels(index, rows)


def _series(o: Any) -> Fields:
    held = live_dict(o).get("_mgr")
    axes, blocks = _field(held, "axes"), _field(held, "blocks")
    if type(axes) is not list or type(blocks) is not tuple or not blocks:
        return {}
    values, rows = _field(blocks[0], "values"), _length(axes[0])
    labels = {} if rows is None else _row_labels(axes[0], rows)
    return _column(live_dict(o).get("_name"), rows, cells_of(values, 0, _FIRST), dtype_of(values)) | labels


def _index(o: Any) -> Fields:
    labels, dtype = _labels(o, _FIRST), dtype_of(live_dict(o).get("_data"))
    return _column(None, _length(o), None if labels is None else _under_names(o, labels), dtype)


def _array(o: Any) -> Fields:
    return _column(None, length_of(o), cells_of(o, 0, _FIRST), dtype_of(o))


def _column(name: Any, rows: int | None, cells: list[Any] | None, dtype: str | None) -> Fields:
    """One column by itself, as far as it is known: `dtype`, `shape`, and the first cells under its name, if it has one."""
    out: Fields = {} if dtype is None else {"dtype": dtype}
    if rows is not None and cells is not None and name is not None:
        return out | told((rows,), [name], [cells])
    out |= {} if rows is None else {"shape": [rows]}
    return out if cells is None else out | {"head": cells}


def _row_labels(index: Any, rows: int) -> Fields:
    """The labels of the first rows, under their names if they have some, where they are more than the rows' numbers."""
    span = live_dict(index).get("_range")
    found = None if type(span) is range and span == range(rows) else _labels(index, _FIRST)
    return {} if found is None else {"index": _under_names(index, found)}


def _under_names(index: Any, labels: list[Any]) -> list[Any]:
    """Labels as dicts by the names of an index's levels, as a telling name masks what is under it; else as they are."""
    names = live_dict(index).get("_names", [live_dict(index).get("_name")])
    if type(names) is not list or not all(type(name) is str for name in names):
        return labels
    several = labels if len(names) > 1 else [(label,) for label in labels]
    return [dict(zip(names, label, strict=False)) for label in several]


def _field(o: Any, name: str) -> Any:
    """What one of pandas' inner objects has, in C or by name."""
    found = c_field(o, name)
    return live_dict(o).get(name) if found is None else found


# -- a frame's columns stand in blocks, several of one type in each


def _columns(held: Any, rows: int, width: int) -> list[list[Any]]:
    """The first cells of the first columns; where they are not known, the class that keeps them, for each."""
    found: dict[int, list[Any]] = {}
    blocks = _field(held, "blocks")
    rows = min(MOST_ROWS, rows)
    for block in blocks[:_MOST_BLOCKS] if type(blocks) is tuple else ():
        values = _field(block, "values")
        for nth, column in _first_places(block):
            cells = cells_of(values, nth, _FIRST)
            found[column] = [type(values)] * rows if cells is None else cells
    return [found.get(i, [None] * rows) for i in range(min(MOST_COLUMNS, width))]


def _first_places(block: Any) -> Iterator[tuple[int, int]]:
    """Which of a block's rows are which of the first columns."""
    places = c_field(_field(block, "_mgr_locs"), "indexer")
    if type(places) is slice:
        some = range(places.start, places.stop, places.step or 1)[:MOST_COLUMNS]
    elif is_loaded(type(places), "numpy.ndarray"):
        some = places[:_MOST_BLOCKS].tolist()
    else:
        return
    yield from ((nth, column) for nth, column in enumerate(some) if column < MOST_COLUMNS)


# -- indexes


def _length(index: Any) -> int | None:
    """How many labels an index has."""
    found = live_dict(index)
    if type(span := found.get("_range")) is range:
        return len(span)
    codes = found.get("_codes")
    if codes is not None and issubclass(type(codes), list) and list.__len__(codes):
        return length_of(list.__getitem__(codes, 0))
    return length_of(found.get("_data"))


def _labels(index: Any, at: slice) -> list[Any] | None:
    """Some of an index's labels; where it has several levels, as tuples."""
    found = live_dict(index)
    levels: Any = found.get("_levels")
    codes: Any = found.get("_codes")
    if levels is None or not issubclass(type(levels), list) or not issubclass(type(codes), list):
        return plain_labels(index, at)
    pairs = zip(list.__iter__(levels), list.__iter__(codes), strict=False)
    return list(zip(*(in_words(level, cells_of(code, 0, at) or []) for level, code in pairs), strict=False))


# -- single values


def _stamp(o: Any) -> Any:
    """A `Timestamp`, with its nanoseconds where these can be told without asking a time zone of the program's own."""
    return o.isoformat() if is_known_zone(zone_of(o)) else moment(o)


def _interval(o: Any) -> Fields:
    return {name: c_field(o, name) for name in ("left", "right", "closed")}


def _both(*names: str, shape: Shape) -> dict[str, Shape]:
    return dict.fromkeys(names, shape)


# Under their names of pandas 2, and where they differ of pandas 3.
BASES: Final[dict[str, Shape]] = {
    **_both("pandas.DataFrame", "pandas.core.frame.DataFrame", shape=("told", _frame)),
    **_both("pandas.Series", "pandas.core.series.Series", shape=("told", _series)),
    **_both("pandas.Index", "pandas.core.indexes.base.Index", shape=("told", _index)),
    **_both(
        "pandas.api.extensions.ExtensionArray",
        "pandas.core.arrays.base.ExtensionArray",
        shape=("told", _array),
    ),
}
EXACT: Final[dict[str, Shape]] = {
    **_both("pandas.Timestamp", "pandas._libs.tslibs.timestamps.Timestamp", shape=("text", _stamp)),
    **_both("pandas.Timedelta", "pandas._libs.tslibs.timedeltas.Timedelta", shape=("text", str)),
    **_both("pandas.Period", "pandas._libs.tslibs.period.Period", shape=("text", str)),
    **_both("pandas.Interval", "pandas._libs.interval.Interval", shape=("fields", _interval)),
    **_both("pandas.api.typing.NaTType", "pandas._libs.tslibs.nattype.NaTType", shape=("text", str)),
    **_both("pandas.api.typing.NAType", "pandas._libs.missing.NAType", shape=("value", lambda _: None)),
}
