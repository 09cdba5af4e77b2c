"""Pairs of a name and a value, which name their secret beside it: `{"name": "password", "value": "…"}`, headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from steplog._secrets.names import Telling, telling

# The words under which a pair says what its "value" is the value of.
_NAMING: Final = ("name", "key", "field", "header", "variable", "parameter", "option", "Name", "Key")
_HEADERS: Final = frozenset(["authorization", "cookie"])
_QUOTE: Final = r"""\\{0,64}+["']?+"""
_NAMED: Final = re.compile(
    rf"""(?<![\w.-])(?:{"|".join(_NAMING)}){_QUOTE}\s{{0,4}}+:\s{{0,4}}+{_QUOTE}([\w. -]{{1,64}}?){_QUOTE}[\s,]{{1,30}}+{_QUOTE}\Z"""
)
_FAR: Final = 300


def told_by_pair(o: Mapping[Any, Any]) -> Telling | None:
    """What the name in a pair tells of its "value"; None for a mapping that is no pair, or names no secret."""
    if "value" not in o and "Value" not in o:
        return None
    names = (o.get(word) for word in _NAMING)
    return next((told for name in names if type(name) is str and (told := telling(name)) is not None), None)


def told_by_header(items: Sequence[Any]) -> Telling | None:
    """What the first of two items tells of the second where it is the name of a header; else None."""
    name, value = items
    if type(name) is not str or type(value) is not str or not ("-" in name or name.lower() in _HEADERS):
        return None
    # Two names of headers are a list of these.
    return telling(name) if telling(value) is None else None


def name_of_value(text: str, at: int) -> tuple[int, str] | None:
    """Where the name of a value begins, and the name, if the value's own name, "value", begins at `at` in a text."""
    start = max(0, at - _FAR)
    found = _NAMED.search(text[start:at])
    return None if found is None else (start + found.start(1), found.group(1).strip())
