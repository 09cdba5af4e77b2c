"""Whether a message can be written as it was read: the quick look that spares most messages the walk."""

from __future__ import annotations

from typing import Any, Final

from steplog._format.record import LONG
from steplog._write.safe.quick_check import MANY, are_whole, plain_texts, take_apart
from steplog._write.said.line_walk import NAMES
from steplog._write.said.message_types import Message
from steplog._write.settings.settings import Settings

_TEXT: Final = frozenset({str})


def texts_of_message(read: Message, settings: Settings) -> list[str] | None:
    """The texts of a message that is written as it is if these hold no secret; None where a walk must look.

    With content="none", where no message is written, those that count as its characters.
    """
    is_bare = settings.is_bare
    if not is_bare and not settings.is_whole:
        return None
    if not is_bare and _TEXT.issuperset(map(type, read.values())):
        texts = [*read.values()]
    else:
        found = _texts_inside(read, settings, is_bare=is_bare)
        if found is None:
            return None
        texts = found
    if not is_bare and max(map(len, texts), default=0) > LONG:
        return texts if are_whole(texts, settings.max_value_bytes) else None
    return texts


def _texts_inside(read: Message, settings: Settings, *, is_bare: bool) -> list[str] | None:
    texts: list[str] = []
    others: list[Any] = []
    try:
        for name, value in read.items():
            if is_bare and name in NAMES:
                continue
            if type(value) is str:
                texts.append(value)
            elif name != "tool_calls":
                others.append(value)
            elif not take_apart(value, texts, others, is_bare=is_bare):
                return None
        if others:
            found = plain_texts(others, settings, MANY)
            if found is None:
                return None
            texts += found
    except RuntimeError:  # another thread changes it; the walk copies before it looks
        return None
    return texts
