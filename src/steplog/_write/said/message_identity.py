"""What of a message is written, and by what its like is known: most are written as they were read, without a walk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final

from orjson import dumps

from steplog._format.line import encode
from steplog._format.record import LONG
from steplog._secrets.texts import may_hold_secret
from steplog._write.safe.quick_check import MANY, are_harmless, are_whole, plain_texts, take_apart
from steplog._write.said.line_walk import NAMES
from steplog._write.said.message_types import Message
from steplog._write.settings.settings import Settings

_TEXT: Final = frozenset({str})
Walked = Callable[[Message], tuple[Message, Sequence[bytes]]]


def plain_message(read: Message, settings: Settings, walked: Walked) -> tuple[Message, bytes, bytes, int]:
    """A message as it is written, that as bytes, its identity, and how many characters of it content="none" keeps out.

    `walked` gives it plain, with digests of what the content policy keeps out, where a quick look is not enough.
    """
    left_out = 0
    texts: list[str] | None = None
    if settings.is_bare:
        texts = _texts_inside(read, settings)
        left_out = sum(map(len, texts or ()))
    elif settings.is_whole and are_harmless(read):
        texts = [*read.values()]
        if not _TEXT.issuperset(map(type, texts)):
            texts = _texts_inside(read, settings)
        if texts is not None and not _are_plain(texts, settings):
            texts = None
    plain, hidden = walked(read) if texts is None else (read, ())
    try:
        data = dumps(plain)
    except TypeError:  # lone surrogates
        data = encode(plain)
    return plain, data, blake2b(b"".join((data, *hidden)), digest_size=16).digest(), left_out


def _are_plain(texts: list[str], settings: Settings) -> bool:
    """Whether none of them is too long, is base64, or holds a secret."""
    if texts and max(map(len, texts)) > LONG and not are_whole(texts, settings.max_value_bytes):
        return False
    return not (settings.redact and may_hold_secret("\n".join(texts)))


def _texts_inside(read: Message, settings: Settings) -> list[str] | None:
    """The texts of a message with tool calls or other containers; with content="none" without names and ids."""
    is_bare = settings.is_bare
    texts: list[str] = []
    others: list[Any] = []
    try:
        for name, value in read.items():
            if is_bare and name in NAMES:
                continue
            if type(value) is str:
                texts.append(value)
            elif name in NAMES:
                return None
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
