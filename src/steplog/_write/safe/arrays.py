"""Arrays and what is like them: numpy's scalars and arrays, torch's tensors, Pillow's images; their shape, and small ones whole.

None of these libraries is imported here. Only what their C code gives is asked, and only of types that are their own.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from steplog._write.safe.attributes import Fields, c_field, class_attribute, is_loaded, live_dict, name_of
from steplog._write.safe.standard_types import Shape

VALUES: Final = "values"  # all of them
HEAD: Final = "head"  # the first of them
WHOLE: Final = 100  # values up to which an array is told whole
_SOME: Final = 10  # values told of a longer one, along each axis a share of them
_MOST_BYTES: Final = 1 << 20  # of the values told, which in an array of texts may be long
_MOST_AXES: Final = 32
_SAID_BY_NAME: Final = "biufcO"  # the kinds of dtype whose name says all


def scalar_shape(cls: type) -> Shape | None:
    """How to read one of numpy's own scalar types; None for any other type."""
    numpy = live_dict(sys.modules.get("numpy"))
    generic = numpy.get("generic")
    if numpy.get(name_of(cls)) is not cls or type(generic) is not type or not issubclass(cls, generic):
        return None
    if cls in (numpy.get("datetime64"), numpy.get("timedelta64")):
        return ("text", str)
    if cls is numpy.get("longdouble"):
        return ("value", float)  # its `item` gives itself
    if cls is numpy.get("clongdouble"):
        return ("value", complex)
    return ("value", generic.__dict__["item"])


def numpy_array(o: Any) -> Fields:
    """An array's dtype and shape; where the class is numpy's own, all `values` of a small one, else the `head` of them."""
    shape = c_field(o, "shape")
    dtype = c_field(o, "dtype")
    out: Fields = {"dtype": dtype_name(dtype), "shape": list(shape)}
    if is_loaded(type(o), "numpy.ndarray"):  # of a subclass to look at a part may run its code
        some = corner(o)
        if some.itemsize * some.size <= _MOST_BYTES:
            out[VALUES if some is o else HEAD] = rows_of(some)
    return out


def dtype_name(dtype: Any) -> str:
    """The name of a numpy dtype, as `float64`, `object` or `<M8[ns]`."""
    return dtype.type.__name__.rstrip("_") if dtype.kind in _SAID_BY_NAME else dtype.str


def corner(array: Any) -> Any:
    """A view of an array's first values; the array itself where it is small."""
    if array.size <= WHOLE or array.ndim > _MOST_AXES:
        return array
    left = _SOME
    spans: list[slice] = []
    for length in reversed(array.shape):
        spans.append(slice(0, min(length, max(1, left))))
        left //= max(1, min(length, left))
    return array[tuple(reversed(spans))]


def rows_of(array: Any) -> Any:
    """An array's values as lists; those of a structured one as dicts, by name."""
    names = array.dtype.names
    found = array.tolist()
    return _named(found, names) if names else found


def _named(found: Any, names: tuple[str, ...]) -> Any:
    if type(found) is list:
        return [_named(one, names) for one in found]
    return dict(zip(names, found, strict=False)) if type(found) is tuple else found


def _standard_array(o: Any) -> Fields:
    """An `array.array`."""
    cls = class_attribute(type(o), "typecode").__objclass__
    length = cls.__len__(o)
    some = cls.__getitem__(o, slice(0, length if length <= WHOLE else _SOME))
    told = VALUES if length <= WHOLE else HEAD
    return {"dtype": c_field(o, "typecode"), "shape": [length], told: list(cls.__iter__(some))}


def _tensor(o: Any) -> Fields:
    """A tensor's dtype and shape; its values may be on another device, and to fetch them would wait for that."""
    torch = live_dict(sys.modules.get("torch._C"))
    modes = torch.get("_len_torch_function_stack")
    if modes is not None and modes():
        return {}  # a mode of the program's own would be asked for each attribute
    shape, dtype = c_field(o, "shape"), c_field(o, "dtype")
    out: Fields = {"dtype": str(dtype)} if is_loaded(type(dtype), "torch.dtype") else {}
    if issubclass(type(shape), tuple):
        out["shape"] = [n for n in tuple.__iter__(shape) if type(n) is int]
    return out


def _image(o: Any) -> Fields:
    """An image's size, in pixels, and its mode."""
    found = live_dict(o)
    size = found.get("_size", found.get("size"))
    out: Fields = {"mode": found.get("_mode", found.get("mode"))}
    return {**out, "size": list(size)} if type(size) is tuple else out


BASES: Final[dict[str, Shape]] = {
    "numpy.ndarray": ("told", numpy_array),
    "array.array": ("told", _standard_array),
    "PIL.Image.Image": ("told", _image),
}
EXACT: Final[dict[str, Shape]] = {
    "torch.Tensor": ("told", _tensor),
    "torch.nn.parameter.Parameter": ("told", _tensor),
}
