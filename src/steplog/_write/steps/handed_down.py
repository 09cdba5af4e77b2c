"""Tags and metadata that a framework hands down from step to step: what of them a step does not have from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

_COMPARED: Final = frozenset({str, int, float, bool})
_CONTAINERS: Final = frozenset({dict, list, tuple})
_MOST_COMPARED: Final = 100
_MISSING: Final = object()


class HandedDown(NamedTuple):
    """The tags and the metadata that hold in a step, those of the steps around it included."""

    tags: Sequence[str]
    metadata: Mapping[str, Any]


_NOTHING: Final = HandedDown((), {})


def of_its_own(here: HandedDown, above: HandedDown | None) -> dict[str, Any]:
    """The `tags` and `metadata` that hold here and not above."""
    tags, metadata = above or _NOTHING
    out: dict[str, Any] = {}
    if here.tags and (own := [tag for tag in here.tags if tag not in tags]):
        out["tags"] = own
    mine: dict[str, Any] = {}
    for name, value in here.metadata.items():
        known = metadata.get(name, _MISSING)
        if known is not value and not _is_same(value, known):
            mine[name] = value
    if mine:
        out["metadata"] = mine
    return out


def _is_same(one: Any, two: Any) -> bool:
    """Whether two values are one object, or plain ones that say the same; to compare any other would run its code."""
    pairs = [(one, two)]
    for a, b in pairs:  # grows meanwhile: frameworks copy containers on their way down
        cls = type(a)
        if a is b or (cls is type(b) and cls in _COMPARED and a == b):
            continue
        if (
            cls is not type(b)
            or cls not in _CONTAINERS
            or len(a) != len(b)
            or len(pairs) + len(a) > _MOST_COMPARED
        ):
            return False
        if cls is dict:
            if not _COMPARED.issuperset(map(type, (*a, *b))) or [*a] != [*b]:
                return False
            a, b = a.values(), b.values()  # noqa: PLW2901 - what is in them is compared in turn
        pairs.extend(zip([*a], [*b], strict=False))
    return True
