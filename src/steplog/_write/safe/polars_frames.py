"""Frames and series of polars, read from the Rust objects that hold them; polars is not imported."""

from __future__ import annotations

import sys
from typing import Any, Final

from steplog._write.safe.attributes import Fields, live_dict
from steplog._write.safe.standard_types import Shape
from steplog._write.safe.tables import MOST_BYTES, MOST_COLUMNS, MOST_NAMES, MOST_ROWS, told

_RUST: Final = ("polars._plr", "polars.polars")  # where newer and older ones keep their Rust classes
# Of lists, structs, bytes and objects a single cell may be of any size.
_FLAT: Final = ("i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64", "u128", "f16", "f32", "f64", "bool", "str",
                "date", "time", "datetime[", "duration[", "decimal[", "cat", "enum", "null")  # fmt: skip


def _frame(o: Any) -> Fields:
    held: Any = live_dict(o).get("_df")
    frame_class = _rust("PyDataFrame")
    if held is None or type(held) is not frame_class:
        return {}
    rows, width = held.shape()
    columns = [held.to_series(i) for i in range(min(width, MOST_NAMES))]
    names = [column.name() for column in columns]
    return told((rows, width), names, [_cells(column, frame_class) for column in columns[:MOST_COLUMNS]])


def _series(o: Any) -> Fields:
    held: Any = live_dict(o).get("_s")
    frame_class = _rust("PyDataFrame")
    if held is None or frame_class is None or type(held) is not _rust("PySeries"):
        return {}
    return told((held.len(),), [held.name()], [_cells(held, frame_class)])


def _cells(column: Any, frame_class: Any) -> list[Any]:
    """The first cells of a column; where they may be of any size, a text that says what they are, for each."""
    some = column.slice(0, MOST_ROWS)
    dtype = frame_class([some]).dtype_strings()[0]
    if dtype.startswith(_FLAT) and some.estimated_size() <= MOST_BYTES:
        return some.to_list()
    return [f"({dtype})"] * some.len()


def _rust(name: str) -> Any:
    return next(
        (found for m in _RUST if (found := live_dict(sys.modules.get(m)).get(name)) is not None), None
    )


BASES: Final[dict[str, Shape]] = {
    "polars.dataframe.frame.DataFrame": ("told", _frame),
    "polars.series.series.Series": ("told", _series),
}
