"""Whether a value can be written as it is: the quick look that spares most values the walk."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from steplog._write.once import LONG
from steplog._write.plain import HIGH, KEYS, LOW, is_harmless
from steplog._write.redact import may_hold_secret
from steplog._write.settings import Settings
from steplog._write.sizes import blob_of_text

MANY: Final = 1 << 30  # characters, for a text that may be as long as it is
_MOST_ITEMS: Final = 2000  # beyond which looking costs what walking does
_MOST_CONTAINERS: Final = 30


class Glance:
    """Looks at values of one line; gathers their texts, to be searched for secrets all at once.

    What it says yes to consists of builtins that JSON has, within every limit, under keys known to be harmless: a walk
    would give an equal value. Its no says only that a walk is needed.
    """

    __slots__ = ("_longest", "_most", "_most_containers", "texts")

    def __init__(self, settings: Settings, longest: int) -> None:
        """Look under these settings' limits; `longest` is how many characters a text may have to be written whole."""
        self.texts: list[str] = []
        self._longest = longest
        self._most = settings.max_items
        # So few cannot be nested too deep, whatever stands in what.
        self._most_containers = min(_MOST_CONTAINERS, settings.max_depth - 2)

    def is_plain(self, o: Any) -> bool:
        """Whether `o` is as described; raises `RuntimeError` where another thread changes it meanwhile."""
        return self.are_plain((o,))

    def are_plain(self, values: Collection[Any]) -> bool:
        """Whether all of some values are."""
        containers: list[Any] = []
        if not self._are_plain(values, containers):
            return False
        items = 0
        for o in containers:  # grows meanwhile: a call for each would cost what looking at two items does
            size = len(o)
            items += size
            if size > self._most or items > _MOST_ITEMS or len(containers) > self._most_containers:
                return False
            if type(o) is dict:
                for key in o:
                    if type(key) is not str or (key not in KEYS and not is_harmless(key)):
                        return False
                if not self._are_plain(o.values(), containers):
                    return False
            elif not self._are_plain(o, containers):
                return False
        return True

    def is_clean(self) -> bool:
        """Whether none of the texts looked at holds a secret."""
        return not self.texts or not may_hold_secret("\n".join(self.texts))

    def characters(self) -> int:
        """How many characters the texts looked at have."""
        return sum(map(len, self.texts))

    def _are_plain(self, values: Any, containers: list[Any]) -> bool:
        """Whether the values that are no containers are plain; the others are added to `containers`."""
        for o in values:
            cls = type(o)
            if cls is str:
                if len(o) > LONG and (len(o) > self._longest or blob_of_text(o) is not None):
                    return False
                self.texts.append(o)
            elif cls is dict or cls is list or cls is tuple:
                containers.append(o)
            elif o is None or cls is bool:
                pass
            elif not (LOW <= o < HIGH if cls is int else cls is float and o - o == 0):
                return False
        return True
