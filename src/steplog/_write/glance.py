"""Whether a value can be written as it is: the quick look that spares most values the walk."""

from __future__ import annotations

from typing import Any, Final

from steplog._write.once import LONG
from steplog._write.plain import HIGH, KEYS, LOW, is_harmless
from steplog._write.redact import may_hold_secret
from steplog._write.settings import Settings
from steplog._write.sizes import blob_of_text

_ROOM: Final = 2000  # items, beyond which looking costs what walking does
_DEEP: Final = 8


class Glance:
    """Looks at values of one line; gathers their texts, to be searched for secrets all at once.

    What it says yes to consists of builtins that JSON has, within every limit, under keys known to be harmless: a walk
    would give an equal value. Its no says only that a walk is needed.
    """

    __slots__ = ("_deep", "_longest", "_most", "_room", "texts")

    def __init__(self, settings: Settings, longest: int) -> None:
        """Look under these settings' limits; `longest` is how many characters a text may have to be written whole."""
        self.texts: list[str] = []
        self._longest = longest
        self._most = settings.max_items
        self._deep = min(_DEEP, settings.max_depth - 2)
        self._room = _ROOM

    def is_plain(self, *values: Any) -> bool:
        """Whether all are as described; raises `RuntimeError` where another thread changes one meanwhile."""
        level: list[
            Any
        ] = []  # containers as deep as each other: a loop, since a call costs what looking at two items does
        if not self._are_plain(values, level):
            return False
        for _ in range(self._deep):
            if not level:
                return True
            below: list[Any] = []
            for o in level:
                size = len(o)
                self._room -= size
                if size > self._most or self._room < 0:
                    return False
                if type(o) is dict:
                    for key in o:
                        if type(key) is not str or (key not in KEYS and not is_harmless(key)):
                            return False
                    o = o.values()
                if not self._are_plain(o, below):
                    return False
            level = below
        return not level

    def is_clean(self) -> bool:
        """Whether none of the texts looked at holds a secret."""
        return not self.texts or not may_hold_secret("\n".join(self.texts))

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
