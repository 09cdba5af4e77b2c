"""What may be read of an object of a given type without running its code."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import pathlib
import types
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

mro_of: Final[Callable[[type], tuple[type, ...]]] = type.__dict__["__mro__"].__get__
_class_dict: Final[Callable[[type], types.MappingProxyType[str, Any]]] = type.__dict__["__dict__"].__get__
_bare_get: Final = object.__getattribute__
_MISSING: Final = object()
_MOST_SHAPES: Final = 4096
_MOST_READ: Final = 100_001
_MOST_TRIES: Final = 1000
_NOTHING: Final[Mapping[Any, Any]] = types.MappingProxyType({})

_dict_slots: dict[type, Callable[[Any], Any]] = {}

Fields = dict[Any, Any]
Shape = tuple[
    str, Callable[[Any], Any]
]  # what the second gives: "text", "fields", "items", "bytes", "value", "error"


def type_name(cls: type) -> str:
    """`module.Class` of a type, without running a metaclass's code."""
    space = _class_dict(cls)
    module = space.get("__module__")
    name = type.__dict__["__qualname__"].__get__(cls)
    return f"{module}.{name}" if type(module) is str and module != "builtins" else str(name)


def class_attribute(cls: type, name: str) -> Any:
    """What `cls` or a base has under `name` in its class dict; None where there is nothing."""
    for base in mro_of(cls):
        found = _class_dict(base).get(name, _MISSING)
        if found is not _MISSING:
            return found
    return None


def live_dict(o: object) -> Mapping[Any, Any]:
    """The instance's own attributes as they change: for look-ups, at once. Empty as `instance_dict` is."""
    get = _dict_slots.get(type(o)) or _dict_getter(type(o))
    found = get(o)
    return found if type(found) is dict else _NOTHING


def _dict_getter(cls: type) -> Callable[[Any], Any]:
    slot = class_attribute(cls, "__dict__")
    get: Callable[[Any], Any] = slot.__get__ if type(slot) is types.GetSetDescriptorType else _no_dict
    if len(_dict_slots) < _MOST_SHAPES:
        _dict_slots[cls] = get
    return get


def _no_dict(_: object) -> None:
    """What stands for the slot of a class whose instances have no attributes, or hide them."""


def instance_dict(o: object) -> Fields:
    """A copy of the instance's own attributes; empty where it has none or hides them behind code of its own."""
    return dict(live_dict(o))


def read_fields(o: object) -> Fields:
    """An object's fields by name, as its class lets them be read safely; empty where it does not."""
    shape = shape_of(type(o))
    return dict(shape[1](o)) if shape is not None and shape[0] == "fields" else instance_dict(o)


def register_fields(cls: type, read: Callable[[Any], Fields]) -> None:
    """Read objects of `cls` and its subclasses by `read`, which gives what is worth telling and runs none of their code."""
    _READERS[cls] = ("fields", read)
    for known in [known for known in tuple(_SHAPES) if cls in mro_of(known)]:
        _SHAPES.pop(known, None)


def shape_of(cls: type) -> Shape | None:
    """How to read objects of `cls`; None where nothing of them is known to be safe to read."""
    if cls in _SHAPES:
        return _SHAPES[cls]
    shape = _find_shape(cls)
    if len(_SHAPES) < _MOST_SHAPES:
        _SHAPES[cls] = shape
    return shape


def _find_shape(cls: type) -> Shape | None:
    mro = mro_of(cls)
    for base in mro if _READERS else ():
        if base in _READERS:
            return _READERS[base]
    if class_attribute(cls, "get_secret_value") is not None:
        return ("secret", type)
    if enum.Enum in mro:
        return ("value", lambda o: instance_dict(o).get("_value_"))
    if (slots := class_attribute(cls, "__pydantic_fields__")) is not None and type(slots) is dict:
        hidden = {name for name, info in slots.items() if instance_field(info, "repr") is False}
        return ("fields", _pydantic_reader(hidden))
    if tuple in mro and type(names := class_attribute(cls, "_fields")) is tuple:
        return ("fields", lambda o: dict(zip(names, tuple.__iter__(o), strict=False)))
    if type(declared := class_attribute(cls, "__dataclass_fields__")) is dict:
        shown = [name for name, field in declared.items() if instance_field(field, "repr") is not False]
        return ("fields", _dataclass_reader(cls, shown))
    for base in mro:
        if base in _BASES:
            return _BASES[base]
    return None


def instance_field(o: object, name: str) -> Any:
    """A slot or instance attribute by name; None where reading it would run foreign code."""
    found = class_attribute(type(o), name)
    if type(found) is types.MemberDescriptorType:
        try:
            return found.__get__(o)
        except AttributeError:
            return None
    return instance_dict(o).get(name)


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


def _dataclass_reader(cls: type, names: list[str]) -> Callable[[Any], Fields]:
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


_READERS: dict[type, Shape] = {}


class Hidden:
    """Stands for a field that its class keeps out of its own `repr`."""


def _iso(o: Any) -> str:
    # isoformat calls utcoffset of the time zone, which may be the program's own code.
    zone = type(o.tzinfo)
    if zone in (type(None), dt.timezone) or type_name(zone) == "zoneinfo.ZoneInfo":
        return o.isoformat()
    return f"{o.replace(tzinfo=None).isoformat()} ({type_name(zone)})"


def first_of(iterate: Callable[[], Iterable[Any]], most: int) -> list[Any]:
    """The first items of a container, copied in C so that no other thread runs meanwhile.

    One may run between the calls, before the copy begins: then it is begun anew.
    """
    for _ in range(_MOST_TRIES):
        try:
            return list(islice(iterate(), most))
        except RuntimeError:
            continue
    return []


def _some(iterate: Callable[[Any], Iterable[Any]]) -> Callable[[Any], list[Any]]:
    # One more than any limit of items is enough to know that there are more.
    return lambda o: first_of(lambda: iterate(o), _MOST_READ)


def _error(o: BaseException) -> BaseException:
    return o


_BASES: dict[type, Shape] = {
    str: ("text", str.__str__),
    bool: ("value", bool),
    int: ("value", int.__int__),
    float: ("value", float.__float__),
    dict: ("fields", lambda o: dict(first_of(lambda: dict.items(o), _MOST_READ))),
    list: ("items", _some(list.__iter__)),
    tuple: ("items", _some(tuple.__iter__)),
    set: ("items", _some(set.__iter__)),
    frozenset: ("items", _some(frozenset.__iter__)),
    deque: ("items", _some(deque.__iter__)),
    bytes: ("bytes", lambda o: bytes.__getitem__(o, slice(None))),
    bytearray: ("bytes", lambda o: bytes(bytearray.__getitem__(o, slice(None)))),
    BaseException: ("error", _error),
}
_SHAPES: dict[type, Shape | None] = {
    **_BASES,
    memoryview: ("bytes", lambda o: o.tobytes() if o.nbytes <= 1 << 20 else bytes(o.nbytes)),
    dt.datetime: ("text", _iso),
    dt.date: ("text", dt.date.isoformat),
    dt.time: ("text", _iso),
    dt.timedelta: ("value", dt.timedelta.total_seconds),
    uuid.UUID: ("text", uuid.UUID.__str__),
    decimal.Decimal: ("text", decimal.Decimal.__str__),
    fractions.Fraction: ("text", fractions.Fraction.__str__),
    pathlib.PosixPath: ("text", pathlib.PurePath.__str__),
    pathlib.WindowsPath: ("text", pathlib.PurePath.__str__),
    pathlib.PurePosixPath: ("text", pathlib.PurePath.__str__),
    pathlib.PureWindowsPath: ("text", pathlib.PurePath.__str__),
    range: ("text", lambda o: f"range({o.start}, {o.stop}, {o.step})"),
    complex: ("text", complex.__repr__),
    type(Ellipsis): ("text", lambda _: "..."),
}
