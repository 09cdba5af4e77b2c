"""Which names and keys are written as they are: those that hold no secret, and tell of none under them."""

from __future__ import annotations

from typing import Final

from steplog._format.record import LONG
from steplog._secrets.names import telling
from steplog._write.safe.secrets import CLEAN, FORGET, is_clean, is_own_id
from steplog._write.settings.settings import Settings

LONGEST_KEY: Final = 200  # characters shown of a mapping's key
# Mapping keys met before that are written as they are, and so is what stands under them.
KEYS: set[str] = set()
_MOST_KEYS: Final = 4096
_TEXT: Final = frozenset({str})
FORGET.append(KEYS.clear)


def is_harmless(key: str) -> bool:
    """Whether a mapping's key can be written as it is, and tells of no secret under it."""
    if key in KEYS:
        return True
    if len(key) > LONGEST_KEY or key[:1] == "$" or telling(key) is not None or not is_clean(key):
        return False
    if len(KEYS) < _MOST_KEYS:
        KEYS.add(key)
    return True


def is_plain_name(value: object, settings: Settings) -> bool:
    """Whether a short name, or a list of names met before, is written as it is."""
    if settings.redactor is not None:
        return False
    if type(value) is str:
        return value in CLEAN or is_own_id(value) or (0 < len(value) <= LONG and is_clean(value))
    # Types first: to look another one up would run its code. Both in C, as a comprehension would be felt.
    return (
        type(value) is list
        and len(value) > 0
        and _TEXT.issuperset(map(type, value))
        and CLEAN.issuperset(value)
    )
