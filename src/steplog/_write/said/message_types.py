"""Which objects are messages, and how each framework's are read and compared without running their code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from steplog._format.record import MESSAGE_FIELDS
from steplog._write.safe.attributes import mro_of

Message: TypeAlias = dict[str, Any]
Ids: TypeAlias = tuple[Any, Any]  # a message's id and name


@dataclass(frozen=True, slots=True)
class MessageType:
    """How to handle one framework's message class without running its code.

    read: reads a message, once. Gives a mark by which an edit is seen later, with copies of all that could be edited in
    place; a new dict of role, content, tool_calls and so on in the format's words, without what is None or empty (see
    `present`); and the message's id and name, which frameworks add in place, None where there is none.
    is_unchanged: whether a message is still what it was when its mark was made; runs once for each message of each
    prompt, so it must cost no more than a few look-ups.
    ids: where given, the message's id and name as they are now; `is_unchanged` then leaves them out.
    state: where given, a C function such as `attrgetter("__dict__")`: a message of which `state(message) == mark` is
    unchanged, ids included. It lets the messages of a long prompt be compared without a byte code for each. What `read`
    gives must then consist of copies, and a mark that is a dict has the ids under "id" and "name".
    """

    read: Callable[[Any], tuple[Any, Message, Ids]]
    is_unchanged: Callable[[Any, Any], bool]
    ids: Callable[[Any], Ids] | None = None
    state: Callable[[Any], Any] | None = None


def present(message: Message) -> Message:
    """A message without what is None or empty."""
    return {k: v for k, v in message.items() if v is not None and not (type(v) in _MAY_BE_EMPTY and not v)}


# Asked of an object of another type, `not value` would run its code.
_MAY_BE_EMPTY: Final = (str, list, dict)
_FIELDS: Final = frozenset(MESSAGE_FIELDS)


def _read_dict(message: Message) -> tuple[Message, Message, Ids]:
    mark = dict(message)
    read = present(mark)
    if not _FIELDS.issuperset(read) or type(read.get("tool_calls", [])) is not list:
        # What providers have besides is told as well, in the place that the format has for it.
        has_calls = type(read.get("tool_calls")) is list
        others = {
            name: read.pop(name)
            for name in tuple(read)
            if name not in _FIELDS or (name == "tool_calls" and not has_calls)
        }
        given = read.get("extra")
        read["extra"] = {**given, **others} if type(given) is dict else others
    if "role" not in read:
        read = {"role": "unknown", **read}
    return (
        mark,
        read,
        (
            _id_of(read, "id") if "id" in read else None,
            _id_of(read, "name") if "name" in read else None,
        ),
    )


def _id_of(read: Message, name: str) -> str | None:
    """An id or a name, taken out. What can be none stays: as part of a key its own code would be run."""
    value = read.get(name)
    if type(value) is str or type(value) is int:
        del read[name]
        return str(value)
    return None


def _has_same_fields(message: Message, mark: Message) -> bool:
    """Whether a dict still has the fields it had; not `==`, which would run the code of what is in it."""
    return len(message) == len(mark) and all(
        name in mark
        and (value is mark[name] or (type(value) is str is type(mark[name]) and value == mark[name]))
        for name, value in tuple(message.items())
    )


# Messages as plain dicts with role and content, as programs without a framework have them.
DICT_MESSAGE: Final = MessageType(_read_dict, _has_same_fields)

_REGISTERED: dict[type, MessageType] = {}
# By class, for all classes met: for who cannot afford a call of `message_type`, but must if the class is not here.
TYPES_MET: dict[type, MessageType | None] = {}
_MOST_MET: Final = 4096


def register_message_type(cls: type, how: MessageType) -> None:
    """Make objects of `cls` and its subclasses messages: numbered, and written once per run."""
    _REGISTERED[cls] = how
    TYPES_MET.clear()


def message_type(cls: type) -> MessageType | None:
    """How to read `cls` as a message; None for what is none."""
    try:
        return TYPES_MET[cls]
    except KeyError:
        how = next((_REGISTERED[c] for c in mro_of(cls) if c in _REGISTERED), None)
        if len(TYPES_MET) < _MOST_MET:
            TYPES_MET[cls] = how
        return how
