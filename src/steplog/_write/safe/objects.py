"""An object that is no builtin JSON type as plain JSON: what its type lets be read of it, else the type's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from steplog._format.record import BLOB, TYPE, Json
from steplog._write.safe.attributes import type_name
from steplog._write.safe.blobs import size_and_hash
from steplog._write.safe.exceptions import arguments_of, message_of, says_more
from steplog._write.safe.safe_read import Hidden, shape_of
from steplog._write.safe.standard_types import Read

Place = tuple[Any, ...]  # where a value stands in its run: step number, field, further keys


class Walker(Protocol):
    """Who makes plain what stands in an object, within limits."""

    errors_left: int  # whose `str()`, which is code of theirs, may still be called

    def value(self, o: Any, depth: int, place: Place) -> Json:
        """Any value as plain JSON."""
        ...

    def mapping(self, o: Mapping[Any, Any], depth: int, place: Place, holder: object = None) -> Json:
        """A mapping that was read from `holder`."""
        ...

    def sequence(self, o: Any, depth: int, place: Place, holder: object = None) -> Json:
        """A list or tuple that was read from `holder`."""
        ...

    def text(self, o: str, place: Place) -> Json:
        """A text."""
        ...

    def inner(self, o: Any, depth: int, place: Place) -> Json:
        """A value that an object stands for, one level deeper."""
        ...

    def mask(self, o: str) -> str:
        """A text without its secrets."""
        ...

    def count_masked(self, kind: str) -> str:
        """The text that stands for a masked value."""
        ...


def plain_object(walk: Walker, o: Any, cls: type, depth: int, place: Place) -> Json:
    """An object of class `cls` as plain JSON; what it holds is walked in turn."""
    if o is Hidden:
        return walk.count_masked("hidden_field")
    if issubclass(cls, type):  # a class is told by its own name, not by that of its class
        return {TYPE: walk.mask(type_name(o))}
    shape = shape_of(cls)
    if shape is None:
        return {TYPE: walk.mask(type_name(cls))}
    how, read = shape
    if how == "fields":
        return walk.mapping(read(o), depth, place, holder=o)
    if how == "items":
        return walk.sequence(read(o), depth, place, holder=o)
    if how == "told":
        return {TYPE: walk.mask(type_name(cls)), **walk.mapping(_known(read, o), depth, place, holder=o)}
    return _as_one(walk, how, read, o, depth, place)


def _as_one(walk: Walker, how: str, read: Read, o: Any, depth: int, place: Place) -> Json:
    """An object that is one value: a text, a number, bytes, an exception, a secret."""
    if how == "secret":
        return walk.count_masked("secret_value")
    if how == "error":
        return _error(walk, o, depth, place)
    if how == "bytes":
        return {BLOB: {"type": "application/octet-stream"} | size_and_hash(read(o))}
    return walk.inner(read(o), depth, place)


def _known(read: Read, o: Any) -> dict[Any, Any]:
    """What is known of an object besides its type; nothing where its library has changed since."""
    try:
        return read(o)
    except Exception:  # noqa: BLE001 - the type's name says that there was something
        return {}


def _error(walk: Walker, o: BaseException, depth: int, place: Place) -> Json:
    """An exception that is a value: its arguments, and what it says where these do not."""
    out: dict[str, Json] = {TYPE: walk.mask(type_name(type(o)))}
    if args := arguments_of(o):
        out["args"] = walk.sequence(args, depth + 1, (*place, "args"))
    if walk.errors_left and says_more(o):
        walk.errors_left -= 1
        if message := message_of(o):
            out["message"] = walk.text(message, (*place, "message"))
    return out
