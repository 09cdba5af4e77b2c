"""The first cells of the arrays that pandas keeps columns in: numpy's, its own around those, and pyarrow's."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from steplog._write.safe.arrays import dtype_name
from steplog._write.safe.attributes import c_field, is_loaded, live_dict, type_name
from steplog._write.safe.tables import MOST_BYTES

At: TypeAlias = slice | list[int]

_STAMPS: Final = "mM"  # the kinds of dtype whose values are numbers of ticks
_UTC: Final = "+00:00"
_NO_CODE: Final = -1
# pyarrow's types of which a cell is small, or says how large it is; those of time with a zone would look the zone up.
_FLAT: Final = frozenset({
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "halffloat", "float", "double",
    "date32[day]", "timestamp[s]", "timestamp[ms]", "timestamp[us]", "null",
})  # fmt: skip
_TEXTS: Final = frozenset({"string", "large_string", "string_view"})


def length_of(values: Any) -> int | None:
    """How many rows an array of pandas' or numpy's has; None for one whose layout is not known."""
    held = _held(values)
    if is_loaded(type(held), "numpy.ndarray"):
        return held.shape[-1] if held.ndim else 1
    return None if held is None else len(held)


def dtype_of(values: Any) -> str | None:
    """The name of an array's dtype; None where what its values are kept as does not tell it."""
    held, name = _held(values), _class_name(values)
    if name == "Categorical":
        return "category"
    is_told = name != "PeriodArray" and is_loaded(type(held), "numpy.ndarray")
    return dtype_name(held.dtype) if is_told else None


def _class_name(values: Any) -> str:
    return type_name(type(values)).rpartition(".")[2]


def _held(values: Any) -> Any:
    """The array of numpy's or pyarrow's in which one of pandas' keeps its values; None where there is none."""
    if is_loaded(type(values), "numpy.ndarray"):
        return values
    found = live_dict(values)
    for held in (c_field(values, "_ndarray"), found.get("_data"), found.get("_pa_array")):
        if is_loaded(type(held), "numpy.ndarray") or is_loaded(type(held), "pyarrow.lib.ChunkedArray"):
            return held
    return None


def cells_of(values: Any, nth: int, at: At) -> list[Any] | None:
    """Some cells of an array, or of the `nth` row of one with two axes; None where its layout is not known."""
    held = _held(values)
    if held is None:
        return None
    if not is_loaded(type(held), "numpy.ndarray"):
        return _arrow_cells(held, at)
    cells = _numpy_cells(held, nth, at)
    if cells is None or held is values:
        return cells
    return _in_pandas_words(values, cells, at)


def _numpy_cells(held: Any, nth: int, at: At) -> list[Any] | None:
    some = held[nth, at] if held.ndim == 2 else held[at] if held.ndim else held.reshape(1)
    if some.itemsize * some.size > MOST_BYTES:
        return None
    return (some.astype("U") if some.dtype.kind in _STAMPS else some).tolist()


def _in_pandas_words(values: Any, cells: list[Any], at: At) -> list[Any] | None:
    """What numpy's values mean in an array of pandas': codes of categories, numbers some of which are missing, UTC."""
    dtype = c_field(values, "_dtype")
    name = _class_name(values)
    if name == "Categorical":
        return in_words(live_dict(dtype).get("_categories"), cells)
    if name == "PeriodArray":
        return None  # numbers since 1970, in a unit of their own
    if live_dict(dtype).get("_tz") is not None:
        return [cell if cell == "NaT" else cell + _UTC for cell in cells]
    missing: Any = live_dict(values).get("_mask")
    if is_loaded(type(missing), "numpy.ndarray"):
        gone = missing[at].tolist()
        return [None if is_gone else cell for cell, is_gone in zip(cells, gone, strict=False)]
    return cells


def plain_labels(index: Any, at: At) -> list[Any] | None:
    """Some labels of an index that has but one level; None where its layout is not known."""
    span = live_dict(index).get("_range")
    if type(span) is range:
        return list(span[at]) if type(at) is slice else [span[i] for i in at]
    return cells_of(live_dict(index).get("_data"), 0, at)


def in_words(index: Any, codes: list[int]) -> list[Any]:
    """The labels that codes stand for, where an index has each label once; None for the code of none."""
    known = iter(plain_labels(index, [code for code in codes if code != _NO_CODE]) or [])
    return [None if code == _NO_CODE else next(known, None) for code in codes]


def _arrow_cells(held: Any, at: At) -> list[Any] | None:
    kind = str(held.type)
    if kind not in _FLAT and kind not in _TEXTS:
        return None
    places = range(len(held))[at] if type(at) is slice else at
    cells = [held[i] for i in places]
    if kind in _TEXTS:
        buffers = [cell.as_buffer() for cell in cells]
        if sum(buffer.size for buffer in buffers if buffer is not None) > MOST_BYTES:
            return None
    return [cell.as_py() for cell in cells]
