"""Whether values can be written as they are: the quick look that spares most values the walk."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from steplog._write.once import LONG
from steplog._write.plain import HIGH, KEYS, LOW, is_harmless
from steplog._write.settings import Settings
from steplog._write.sizes import blob_of_text

MANY: Final = 1 << 30  # characters, for a text that may be as long as it is
_MOST_ITEMS: Final = 2000  # beyond which looking costs what walking does
_MOST_CONTAINERS: Final = 30


def plain_texts(values: Collection[Any], settings: Settings, longest: int) -> list[str] | None:
    """The texts in values that can be written as they are if these hold no secret; None where a walk is needed.

    Such values consist of builtins that JSON has, within every limit, under keys known to be harmless, with texts of at
    most `longest` characters: a walk would give equal ones. None says only that a walk must look. Raises `RuntimeError`
    where another thread changes a value meanwhile.
    """
    texts: list[str] = []
    containers: list[Collection[Any]] = [values]  # grows meanwhile; a call for each would be felt
    items = 0
    # So few cannot be nested too deep, whatever stands in what.
    most = min(_MOST_CONTAINERS, settings.max_depth - 2)
    for container in containers:
        items += len(container)
        if len(container) > settings.max_items or items > _MOST_ITEMS or len(containers) > most:
            return None
        inside = container
        if type(container) is dict:
            for key in container:
                if type(key) is not str or (key not in KEYS and not is_harmless(key)):
                    return None
            inside = container.values()
        for o in inside:
            cls = type(o)
            if cls is str:
                if len(o) > LONG and (len(o) > longest or blob_of_text(o) is not None):
                    return None
                texts.append(o)
            elif cls is dict or cls is list or cls is tuple:
                containers.append(o)
            elif not (
                o is None or cls is bool or (cls is int and LOW <= o < HIGH) or (cls is float and o - o == 0)
            ):
                return None
    return texts
