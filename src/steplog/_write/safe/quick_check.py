"""Whether values can be written as they are: the quick look that spares most values the walk."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from steplog._format.record import LONG
from steplog._secrets.pairs import told_by_header, told_by_pair
from steplog._write.safe.blobs import blob_of_text
from steplog._write.safe.plain_names import KEYS, is_harmless
from steplog._write.safe.secrets import is_clean
from steplog._write.safe.walk import HIGH, LOW
from steplog._write.settings.settings import Settings

_TEXT: Final = frozenset({str})
MANY: Final = 1 << 30  # characters, for a text that may be as long as it is
_MOST_ITEMS: Final = 2000  # beyond which looking costs what walking does
# As many texts as long as one may be are looked at here; of more the walk, which has a bound, looks at the first ones.
_MOST_LONG_TEXTS: Final = 16
_CALL: Final = {"id", "name", "args"}
_NOTHING: Final = type(None)
_NUMBERS: Final = frozenset({int, float})
_CONTAINERS: Final = frozenset({dict, list, tuple})


def plain_texts(values: Collection[Any], settings: Settings, longest: int) -> list[str] | None:
    """The texts in values that can be written as they are if these hold no secret; None where a walk is needed.

    Such values consist of builtins that JSON has, within every limit, under keys known to be harmless, with texts of at
    most `longest` characters: a walk would give equal ones. None says only that a walk must look. Raises `RuntimeError`
    where another thread changes a value meanwhile.
    """
    texts: list[str] = []
    # Grows meanwhile; a call for each would be felt, and so would a look at what holds nothing but the first ones.
    containers, most = [*values], settings.max_depth - 3
    left = settings.max_items if settings.max_items < _MOST_ITEMS else _MOST_ITEMS  # noqa: FURB136 - `min` would be felt
    # So few cannot be nested too deep, whatever stands in what.
    if not _CONTAINERS.issuperset(map(type, containers)):
        containers, left, most = [values], left + len(values), most + 1
    for container in containers:
        left -= len(container)
        # The first two also end what has no end, a list within itself.
        if left < 0 or len(containers) > most or (type(container) is dict and not are_harmless(container)):
            return None
        # Copied before they are looked at, in one call of C: another thread may change them at any time.
        inside = [*container.values()] if type(container) is dict else [*container]
        if _TEXT.issuperset(map(type, inside)):
            if len(inside) == 2 and told_by_header(inside) is not None:
                return None
            texts.extend(inside)
            continue
        for o in inside:
            cls = type(o)
            if cls is str:
                texts.append(o)
            elif cls in _CONTAINERS:
                containers.append(o)
            elif o is not None and cls is not bool and not _is_number(o, cls):
                return None
    return texts if not texts or max(map(len, texts)) <= LONG or are_whole(texts, longest) else None


def is_of_numbers(value: Any, settings: Settings) -> bool:
    """Whether a value of numbers and a few names, as a usage or totals, can be written as it is."""
    if settings.redactor is not None or type(value) is not dict:
        return False
    if _NUMBERS.issuperset(map(type, value.values())) and are_harmless(value):
        return True
    try:
        texts = plain_texts((value,), settings, LONG)
    except RuntimeError:  # another thread changes it
        return False
    return texts is not None and (not settings.redact or all(map(is_clean, texts)))


def _is_number(o: Any, cls: type) -> bool:
    """Whether it is one that JSON has."""
    return (cls is int and LOW <= o < HIGH) or (cls is float and o - o == 0)


def are_harmless(o: dict[Any, Any]) -> bool:
    """Whether all keys can be written as they are, and tell of no secret under them, nor does a name beside a "value"."""
    # In C where all were met before; types first, as to look another one up would run its code.
    if not (_TEXT.issuperset(map(type, o)) and KEYS.issuperset(o)) and not all(
        type(key) is str and is_harmless(key) for key in o
    ):
        return False
    return ("value" not in o and "Value" not in o) or told_by_pair(o) is None


def are_whole(texts: list[str], longest: int) -> bool:
    """Whether all are short enough to be written in full, none is base64, and they are not too many to be looked at."""
    left = _MOST_LONG_TEXTS * longest
    for text in texts:
        if len(text) > LONG:
            left -= len(text)
            if len(text) > longest or left < 0 or blob_of_text(text) is not None:
                return False
    return True


def take_apart(calls: Any, texts: list[str], others: list[Any], *, is_bare: bool) -> bool:
    """Put what tool calls consist of to the texts and to the other values of a message; False where they want a walk."""
    if type(calls) is not list:
        return False
    for given in calls:
        if type(given) is not dict:
            return False
        call = given.copy()  # another thread may change it
        if _NOTHING in map(type, call.values()):
            return False
        if is_bare:
            others.append(call.get("args"))
        elif call.keys() == _CALL and type(call["id"]) is type(call["name"]) is str:
            texts += (call["id"], call["name"])
            others.append(call["args"])
        else:
            others.append(call)
    return True
