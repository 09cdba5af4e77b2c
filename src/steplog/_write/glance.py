"""Whether values can be written as they are: the quick look that spares most values the walk."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from steplog._write.once import LONG
from steplog._write.plain import HIGH, KEYS, LOW, is_harmless
from steplog._write.settings import Settings
from steplog._write.sizes import blob_of_text

_TEXT: Final = frozenset({str})
MANY: Final = 1 << 30  # characters, for a text that may be as long as it is
_MOST_ITEMS: Final = 2000  # beyond which looking costs what walking does
_CONTAINERS: Final = frozenset({dict, list, tuple})


def plain_texts(values: Collection[Any], settings: Settings, longest: int) -> list[str] | None:
    """The texts in values that can be written as they are if these hold no secret; None where a walk is needed.

    Such values consist of builtins that JSON has, within every limit, under keys known to be harmless, with texts of at
    most `longest` characters: a walk would give equal ones. None says only that a walk must look. Raises `RuntimeError`
    where another thread changes a value meanwhile.
    """
    texts: list[str] = []
    containers: list[Collection[Any]] = [values]  # grows meanwhile; a call for each would be felt
    left = min(_MOST_ITEMS, settings.max_items) + len(values)
    for container in containers:
        left -= len(container)
        if left < 0:  # which also ends what has no end, a list within itself
            return None
        inside = container
        if type(container) is dict:
            if not (_TEXT.issuperset(map(type, container)) and KEYS.issuperset(container)):
                for key in container:
                    if type(key) is not str or not is_harmless(key):
                        return None
            inside = container.values()
        if _TEXT.issuperset(map(type, inside)):
            texts.extend(inside)
            continue
        for o in inside:
            cls = type(o)
            if cls is str:
                texts.append(o)
            elif cls in _CONTAINERS:
                containers.append(o)
            elif not (
                o is None or cls is bool or (cls is int and LOW <= o < HIGH) or (cls is float and o - o == 0)
            ):
                return None
    # So few cannot be nested too deep, whatever stands in what.
    return texts if len(containers) <= settings.max_depth - 2 and _are_whole(texts, longest) else None


def _are_whole(texts: list[str], longest: int) -> bool:
    """Whether all are short, or long ones that are written in full."""
    return max(map(len, texts), default=0) <= LONG or not any(
        len(text) > longest or (len(text) > LONG and blob_of_text(text) is not None) for text in texts
    )
