"""Which objects are messages, and how each framework's are read and compared without running their code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from steplog._write.safe.attributes import mro_of

Message: TypeAlias = dict[str, Any]
Ids: TypeAlias = tuple[Any, Any]  # a message's id and name


@dataclass(frozen=True, slots=True)
class MessageType:
    """How to handle one framework's message class without running its code.

    take: reads a message, once. Gives a mark by which an edit is seen later, with copies of all that could be edited in
    place; a new dict of role, content, tool_calls and so on in the format's words, without what is None or empty (see
    `present`); and the message's id and name, which frameworks add in place, None where there is none.
    same: whether a message is still what it was when its mark was taken; runs once for each message of each prompt,
    so it must cost no more than a few look-ups.
    ids: where given, the message's id and name as they are now; `same` then leaves them out.
    state: where given, a C function such as `attrgetter("__dict__")`: a message of which `state(message) == mark` is unchanged, ids
    included. It lets the messages of a long prompt be compared without a byte code for each. What `take` reads must
    then consist of copies, and a mark that is a dict has the ids under "id" and "name".
    """

    take: Callable[[Any], tuple[Any, Message, Ids]]
    same: Callable[[Any, Any], bool]
    ids: Callable[[Any], Ids] | None = None
    state: Callable[[Any], Any] | None = None


class Known(NamedTuple):
    """A message that stands in the log. `holder` keeps the object alive, so that its `id()` stays its own.

    `body` is the digest of all but `ids`; `read` is the message as it was read, `plain` as it was written, both without
    these.
    """

    holder: Any
    how: MessageType
    number: int
    mark: Any
    body: bytes
    ids: Ids
    read: Message
    plain: Message


def _same_fields(o: Message, mark: Message) -> bool:
    """Whether a dict still has the fields it had; not `==`, which would run the code of what is in it."""
    return len(o) == len(mark) and all(
        name in mark
        and (value is mark[name] or (type(value) is str is type(mark[name]) and value == mark[name]))
        for name, value in tuple(o.items())
    )


def present(message: Message) -> Message:
    """A message without what is None or empty."""
    return {k: v for k, v in message.items() if v is not None and not (type(v) in _MAY_BE_EMPTY and not v)}


# Asked of an object of another type, `not value` would run its code.
_MAY_BE_EMPTY: Final = (str, list, dict)


def _take(o: Message) -> tuple[Message, Message, Ids]:
    mark = dict(o)
    read = present(mark)
    return mark, read, (read.pop("id", None), read.pop("name", None))


# Messages as plain dicts with role and content, as programs without a framework have them.
PLAIN_MESSAGE: Final = MessageType(_take, _same_fields)

_MESSAGE_TYPES: dict[type, MessageType] = {}
FOUND: dict[
    type, MessageType | None
] = {}  # for who cannot afford a call of `message_type`, but must if it is not here
_MOST_FOUND: Final = 4096


def register_message_type(cls: type, how: MessageType) -> None:
    """Make objects of `cls` and its subclasses messages: numbered, and written once per run."""
    _MESSAGE_TYPES[cls] = how
    FOUND.clear()


def message_type(cls: type) -> MessageType | None:
    """How to read `cls` as a message; None for what is none."""
    try:
        return FOUND[cls]
    except KeyError:
        how = next((_MESSAGE_TYPES[c] for c in mro_of(cls) if c in _MESSAGE_TYPES), None)
        if len(FOUND) < _MOST_FOUND:
            FOUND[cls] = how
        return how
