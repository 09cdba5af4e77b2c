"""What an object and its class hold, read from where CPython keeps it, so that none of their code runs."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, Final

Fields = dict[Any, Any]

mro_of: Final[Callable[[type], tuple[type, ...]]] = type.__dict__["__mro__"].__get__
_class_dict: Final[Callable[[type], types.MappingProxyType[str, Any]]] = type.__dict__["__dict__"].__get__
name_of: Final[Callable[[type], str]] = type.__dict__["__name__"].__get__
_module_of: Final[Callable[[type], Any]] = type.__dict__["__module__"].__get__
_MISSING: Final = object()
_MOST_KNOWN: Final = 4096
_NOTHING: Final[Mapping[Any, Any]] = types.MappingProxyType({})
_C_FIELDS: Final = (types.GetSetDescriptorType, types.MemberDescriptorType)

_dict_slots: dict[type, Callable[[Any], Any]] = {}


def type_name(cls: type) -> str:
    """`module.Class` of a type, without running a metaclass's code."""
    module = _class_dict(cls).get("__module__")
    if module is None:
        try:  # one of C has it in its name
            module = _module_of(cls)
        except AttributeError:
            module = None
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
    get: Callable[[Any], Any] = slot.__get__ if type(slot) in _C_FIELDS else _no_dict
    if len(_dict_slots) < _MOST_KNOWN:
        _dict_slots[cls] = get
    return get


def _no_dict(_: object) -> None:
    """What stands for the slot of a class whose instances have no attributes, or hide them."""


def instance_dict(o: object) -> Fields:
    """A copy of the instance's own attributes; empty where it has none or hides them behind code of its own."""
    return dict(live_dict(o))


def instance_field(o: object, name: str) -> Any:
    """A slot or instance attribute by name; None where reading it would run foreign code."""
    found = class_attribute(type(o), name)
    if type(found) is types.MemberDescriptorType:
        try:
            return found.__get__(o)
        except AttributeError:
            return None
    return instance_dict(o).get(name)


def c_field(o: object, name: str) -> Any:
    """An attribute that a class of an extension module keeps in its C layout; None where it has none of that name."""
    found = class_attribute(type(o), name)
    return found.__get__(o) if type(found) in _C_FIELDS else None


def is_loaded(cls: type, name: str) -> bool:
    """Whether `cls` is what an imported module has under this full name, and not merely called the same."""
    module, _, attribute = name.rpartition(".")
    return live_dict(sys.modules.get(module)).get(attribute) is cls
