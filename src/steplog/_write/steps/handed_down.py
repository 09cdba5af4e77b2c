"""Tags and metadata that a framework hands down from step to step: what of them a step does not have from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

_COMPARED: Final = frozenset({str, int, float, bool})
_MISSING: Final = object()


class HandedDown(NamedTuple):
    """The tags and the metadata that hold in a step, those of the steps around it included."""

    tags: Sequence[str]
    metadata: Mapping[str, Any]


_NOTHING: Final = HandedDown((), {})


def of_its_own(here: HandedDown, above: HandedDown | None) -> dict[str, Any]:
    """The `tags` and `metadata` that hold here and not above; None for what is the same."""
    above = above or _NOTHING
    metadata = {
        name: value
        for name, value in here.metadata.items()
        if not _is_same(value, above.metadata.get(name, _MISSING))
    }
    return {"tags": [tag for tag in here.tags if tag not in above.tags] or None, "metadata": metadata or None}


def _is_same(one: Any, two: Any) -> bool:
    # Frameworks hand on the very objects; to compare two of another type would run their code.
    return one is two or (type(one) is type(two) and type(one) in _COMPARED and one == two)
