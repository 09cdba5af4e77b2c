"""The attributes of pydantic's objects, which nearly all of LlamaIndex's are, through pydantic's own descriptors.

They give what the object holds and run no code of its class, whatever that defines under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from steplog.integration import instance_dict

_held: Final[Callable[[Any], dict[str, Any]]] = BaseModel.__dict__["__dict__"].__get__
_held_privately: Final[Callable[[Any], Any]] = BaseModel.__dict__["__pydantic_private__"].__get__
_NONE: Final[Mapping[str, Any]] = {}


def attributes_of(o: object) -> Mapping[str, Any]:
    """An object's own attributes, to be looked up and not walked: of pydantic's objects what they hold, uncopied."""
    if o is None:
        return _NONE
    try:
        return _held(o)
    except TypeError:
        return instance_dict(o)


def private_of(o: object) -> Mapping[str, Any]:
    """What one of pydantic's objects holds in its private attributes; empty for any other, and where it has none."""
    try:
        found = _held_privately(o)
    except (TypeError, AttributeError):
        return _NONE
    return found if type(found) is dict else _NONE
