"""How the standard library's own types are read: what is data of them, as text, number, fields or items."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import gc
import pathlib
import re
import types
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final

from steplog._write.safe.attributes import (
    Fields,
    c_field,
    class_attribute,
    instance_dict,
    is_loaded,
    live_dict,
    mro_of,
    type_name,
)

Read = Callable[[Any], Any]
Shape = tuple[str, Read]
"""How to read an object, and what that gives: "text", "fields", "items", "bytes", "value", "error", "secret", or "told",
which is what can be said of one that is no plain data, by name."""

_MOST_READ: Final = 100_001  # one more than any limit of items is enough to know that there are more
_MOST_TRIES: Final = 1000
_MOST_BITS: Final = 4096  # of a number that is written in decimal digits, which takes quadratic time
_int_of: Final = uuid.UUID.__dict__["int"].__get__
_numerator_of: Final = fractions.Fraction.__dict__["_numerator"].__get__
_denominator_of: Final = fractions.Fraction.__dict__["_denominator"].__get__


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
    return lambda o: first_of(lambda: iterate(o), _MOST_READ)


def _pairs(iterate: Callable[[Any], Iterable[Any]]) -> Callable[[Any], Fields]:
    return lambda o: dict(first_of(lambda: iterate(o), _MOST_READ))


_dict_items: Final = _pairs(dict.items)


def _as_it_is(o: Any) -> Any:
    return o


# -- time

_DATE: Final = ("year", "month", "day")
_TIME: Final = ("hour", "minute", "second", "microsecond")
_FIELDS_OF: Final = {
    dt.datetime: [getattr(dt.datetime, name).__get__ for name in (*_DATE, *_TIME)],
    dt.time: [getattr(dt.time, name).__get__ for name in _TIME],
    dt.date: [getattr(dt.date, name).__get__ for name in _DATE],
}


def _day(o: Any) -> str:
    return dt.date(*(get(o) for get in _FIELDS_OF[dt.date])).isoformat()


def _reader(base: Any) -> Callable[[Any], str]:
    """What reads a datetime or time; one of a subclass, such as a frozen clock's, without its code."""
    fields, zone_in, fold_in = _FIELDS_OF[base], base.tzinfo.__get__, base.fold.__get__

    def read(o: Any) -> str:
        zone = zone_in(o)
        if not is_known_zone(zone):
            offset = _offset_of(zone)
            said = base(*(get(o) for get in fields), tzinfo=offset).isoformat()
            return said if offset is not None else f"{said} ({type_name(type(zone))})"
        return base(*(get(o) for get in fields), tzinfo=zone, fold=fold_in(o)).isoformat()

    return read


def is_known_zone(zone: object) -> bool:
    """Whether a time zone can be asked for its offset; another one's may run the program's own code."""
    return type(zone) in (type(None), dt.timezone) or is_loaded(type(zone), "zoneinfo.ZoneInfo")


def _offset_of(zone: object) -> dt.timezone | None:
    """The offset that pytz keeps in each of its zones; None for any other zone."""
    if not any(type_name(base) == "pytz.tzinfo.BaseTzInfo" for base in mro_of(type(zone))):
        return None
    found = live_dict(zone).get("_utcoffset") or class_attribute(type(zone), "_utcoffset")
    return dt.timezone(found) if type(found) is dt.timedelta else None


moment: Final = _reader(dt.datetime)
zone_of: Final[Callable[[Any], Any]] = dt.datetime.tzinfo.__get__  # type: ignore[attr-defined]


# -- texts


def _uuid(o: Any) -> str:
    return str(uuid.UUID(int=_int_of(o)))


def _fraction(o: Any) -> str:
    over, under = _numerator_of(o), _denominator_of(o)
    if (
        type(over) is not int
        or type(under) is not int
        or (over.bit_length() + under.bit_length()) > _MOST_BITS
    ):
        return f"({type_name(type(o))})"
    return f"{over}/{under}" if under != 1 else f"{over}"


def _path(o: Any) -> str:
    """A path of a class that is not pathlib's own, which may have its own `str()`: its parts as they are kept."""
    for name in ("_str", "_parts", "_raw_paths"):
        slot = class_attribute(type(o), name)
        try:
            found = slot.__get__(o) if type(slot) is types.MemberDescriptorType else None
        except AttributeError:  # an empty slot
            continue
        if type(found) is str:
            return found
        if type(found) is list and found and all(type(part) is str for part in found):
            return str(pathlib.PurePosixPath(*found))
    return f"({type_name(type(o))})"


def _function(o: Any) -> Fields:
    name, module = o.__qualname__, o.__module__
    return {"name": f"{module}.{name}" if type(module) is str else name}


def _builtin(o: Any) -> Fields:
    return {"name": o.__name__}  # its qualified name would ask the object it is bound to


def _method(o: Any) -> Fields:
    function = o.__func__
    return _function(function) if type(function) is types.FunctionType else {}


# -- containers


def _wrapped(o: Any) -> Any:
    """What a mapping proxy stands for: itself it would hand each look-up on to code of that."""
    found = gc.get_referents(o)
    return found[0] if found else None


def _data(o: Any) -> Any:
    return live_dict(o).get("data")


def _chained(o: Any) -> Any:
    """The mappings of a `ChainMap` as one, where all are dicts."""
    maps = live_dict(o).get("maps")
    if type(maps) is not list or not all(type(m) is dict for m in maps):
        return maps
    out: Fields = {}
    for found in reversed(maps):
        out.update(_dict_items(found))
    return out


BASES: Final[dict[type, Shape]] = {
    str: ("text", str.__str__),
    bool: ("value", bool),
    int: ("value", int.__int__),
    float: ("value", float.__float__),
    dict: ("fields", _dict_items),
    list: ("items", _some(list.__iter__)),
    tuple: ("items", _some(tuple.__iter__)),
    set: ("items", _some(set.__iter__)),
    frozenset: ("items", _some(frozenset.__iter__)),
    deque: ("items", _some(deque.__iter__)),
    bytes: ("bytes", lambda o: bytes.__getitem__(o, slice(None))),
    bytearray: ("bytes", lambda o: bytes(bytearray.__getitem__(o, slice(None)))),
    BaseException: ("error", _as_it_is),
    dt.datetime: ("text", moment),
    dt.date: ("text", _day),
    dt.time: ("text", _reader(dt.time)),
    dt.timedelta: ("value", dt.timedelta.total_seconds),
    decimal.Decimal: ("text", decimal.Decimal.__str__),
    fractions.Fraction: ("text", _fraction),
    uuid.UUID: ("text", _uuid),
    pathlib.PurePath: ("text", _path),
    types.SimpleNamespace: ("fields", instance_dict),
}
"""By base: for classes made from these, too."""

EXACT: Final[dict[type, Shape | None]] = {
    pathlib.PosixPath: ("text", pathlib.PurePath.__str__),
    pathlib.WindowsPath: ("text", pathlib.PurePath.__str__),
    pathlib.PurePosixPath: ("text", pathlib.PurePath.__str__),
    pathlib.PureWindowsPath: ("text", pathlib.PurePath.__str__),
    OrderedDict: ("fields", _pairs(OrderedDict.items)),  # in its own order, which a dict's need not be
    types.MappingProxyType: ("value", _wrapped),
    type({}.keys()): ("items", _some(iter)),
    type({}.values()): ("items", _some(iter)),
    type({}.items()): ("items", _some(iter)),
    memoryview: ("bytes", lambda o: o.tobytes() if o.nbytes <= 1 << 20 else bytes(o.nbytes)),
    range: ("text", lambda o: f"range({o.start}, {o.stop}, {o.step})"),
    complex: ("text", complex.__repr__),
    type(Ellipsis): ("text", lambda _: "..."),
    dt.timezone: ("text", dt.timezone.__str__),
    re.Pattern: ("value", lambda o: o.pattern),
    types.FunctionType: ("told", _function),
    types.BuiltinFunctionType: ("told", _builtin),
    types.MethodType: ("told", _method),
}
"""Of exactly these types, whose subclasses could have code of their own in what is called here."""

# By name, since a program that has none of these values need not have imported their modules.
NAMED_BASES: Final[dict[str, Shape]] = {
    "zoneinfo.ZoneInfo": ("text", lambda o: c_field(o, "key")),
    "collections.ChainMap": ("value", _chained),
    "collections.UserDict": ("value", _data),
    "collections.UserList": ("value", _data),
    "collections.UserString": ("value", _data),
    "argparse.Namespace": ("fields", instance_dict),
}
NAMED_EXACT: Final[dict[str, Shape]] = {
    **dict.fromkeys(
        (f"ipaddress.IPv{v}{what}" for v in "46" for what in ("Address", "Interface", "Network")),
        ("text", str),
    ),
    "sqlite3.Row": ("fields", lambda o: dict(zip(o.keys(), tuple(o), strict=False))),
}
