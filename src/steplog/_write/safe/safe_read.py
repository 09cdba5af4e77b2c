"""What may be read of an object of a given type without running its code."""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Iterable
from typing import Any, Final

from steplog._write.safe import arrays, pandas_frames, polars_frames, standard_types
from steplog._write.safe.attributes import (
    Fields,
    class_attribute,
    instance_dict,
    instance_field,
    is_loaded,
    live_dict,
    mro_of,
    type_name,
)
from steplog._write.safe.standard_types import Shape

_MOST_SHAPES: Final = 4096
_SHAPES: Final[dict[type, Shape | None]] = {**standard_types.BASES, **standard_types.EXACT}
_NAMED_BASES: Final = (
    standard_types.NAMED_BASES | arrays.BASES | pandas_frames.BASES | polars_frames.BASES
)  # fmt: skip
_NAMED_EXACT: Final = standard_types.NAMED_EXACT | arrays.EXACT | pandas_frames.EXACT
# pydantic's own, which keep an address as a URL of its core.
_URLS: Final = ("pydantic.networks._BaseUrl", "pydantic.networks._BaseMultiHostUrl")
_CORE_URLS: Final = ("pydantic_core._pydantic_core.Url", "pydantic_core._pydantic_core.MultiHostUrl")
_READERS: dict[type, Shape] = {}


class Hidden:
    """Stands for a field that its class keeps out of its own `repr`."""


def read_fields(o: object) -> Fields:
    """An object's fields by name, as its class lets them be read safely; empty where it does not."""
    shape = shape_of(type(o))
    return dict(shape[1](o)) if shape is not None and shape[0] == "fields" else instance_dict(o)


def plain_number(o: object) -> int | float | None:
    """A number as Python has it, numpy's too; None for anything else."""
    if type(o) in (int, float):
        return o  # type: ignore[return-value] # its type was looked at
    shape = shape_of(type(o))
    found = shape[1](o) if shape is not None and shape[0] == "value" else None
    return found if type(found) in (int, float) else None


def register_fields(cls: type, read: Callable[[Any], Fields]) -> None:
    """Read objects of `cls` and its subclasses by `read`, which gives what is worth telling and runs none of their code."""
    _READERS[cls] = ("fields", read)
    for known in [known for known in tuple(_SHAPES) if cls in mro_of(known)]:
        _SHAPES.pop(known, None)


def shape_of(cls: type) -> Shape | None:
    """How to read objects of `cls`; None where nothing of them is known to be safe to read."""
    if cls in _SHAPES:
        return _SHAPES[cls]
    shape = _registered(cls) or _declared(cls) or _known(cls)
    if len(_SHAPES) < _MOST_SHAPES:
        _SHAPES[cls] = shape
    return shape


def _registered(cls: type) -> Shape | None:
    return next((_READERS[base] for base in mro_of(cls) if base in _READERS), None) if _READERS else None


def _declared(cls: type) -> Shape | None:
    """How to read objects whose class says what fields they have."""
    if class_attribute(cls, "get_secret_value") is not None:
        return ("secret", type)
    if issubclass(cls, enum.Enum):
        return ("value", lambda o: instance_dict(o).get("_value_"))
    if (slots := class_attribute(cls, "__pydantic_fields__")) is not None and type(slots) is dict:
        return ("fields", _pydantic_reader({name for name, info in slots.items() if _is_hidden(info)}))
    if issubclass(cls, tuple) and type(names := class_attribute(cls, "_fields")) is tuple:
        return ("fields", lambda o: dict(zip(names, tuple.__iter__(o), strict=False)))
    if type(declared := class_attribute(cls, "__dataclass_fields__")) is dict:
        return ("fields", _slot_reader(cls, _shown(declared.items())))
    if issubclass(type(declared := class_attribute(cls, "__attrs_attrs__")), tuple):
        named = [(instance_field(one, "name"), one) for one in tuple.__iter__(declared)]
        return ("fields", _slot_reader(cls, _shown(named)))
    declared = class_attribute(type(cls), "__struct_fields__")  # msgspec's, kept by the class of the class
    if type(declared) is types.MemberDescriptorType and type(names := declared.__get__(cls)) is tuple:
        return ("fields", _slot_reader(cls, [name for name in names if type(name) is str]))
    return None


def _is_hidden(declared: object) -> bool:
    return instance_field(declared, "repr") is False


def _shown(declared: Iterable[tuple[Any, object]]) -> list[str]:
    return [name for name, field in declared if type(name) is str and not _is_hidden(field)]


def _known(cls: type) -> Shape | None:
    """How to read objects of a class of the standard library or of a well-known one, or made from such a class."""
    if (shape := arrays.scalar_shape(cls)) is not None:
        return shape
    name = type_name(cls)
    if name in _NAMED_EXACT and is_loaded(cls, name):
        return _NAMED_EXACT[name]
    if name in _CORE_URLS and is_loaded(cls, name):
        return ("text", class_attribute(cls, "__str__"))
    for base in mro_of(cls):
        if base in standard_types.BASES:
            return standard_types.BASES[base]
        name = type_name(base)
        if name in _URLS and is_loaded(base, name):
            return ("value", lambda o: live_dict(o).get("_url"))
        if name in _NAMED_BASES and is_loaded(base, name):
            return _NAMED_BASES[name]
    return None


def _pydantic_reader(hidden: set[str]) -> Callable[[Any], Fields]:
    def read(o: Any) -> Fields:
        found = instance_dict(o)
        extra = instance_field(o, "__pydantic_extra__")
        if type(extra) is dict:
            found.update(extra)
        for name in hidden:
            if name in found:
                found[name] = Hidden
        return found

    return read


def _slot_reader(cls: type, names: list[str]) -> Callable[[Any], Fields]:
    """What reads the declared fields of a class, whether its objects keep them in slots or by name."""
    slots = [(name, class_attribute(cls, name)) for name in names]
    getters = [(n, slot.__get__ if type(slot) is types.MemberDescriptorType else None) for n, slot in slots]

    def read(o: Any) -> Fields:
        out: Fields = {}
        attributes = live_dict(o)
        for name, get in getters:
            try:
                value = attributes.get(name) if get is None else get(o)
            except AttributeError:  # an empty slot
                continue
            if value is not None:
                out[name] = value
        return out

    return read
