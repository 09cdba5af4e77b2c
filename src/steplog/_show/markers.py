"""What stands in the log in place of a value, in words: what was cut, left out, or is no text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from steplog._format.record import BLOB, CUT, MARKERS, NUM, TEXT, TYPE
from steplog._show.terminal_text import as_json
from steplog._show.units import size

if TYPE_CHECKING:
    from steplog._format.record import Json, Record


def marker_text(value: Json) -> str | None:
    """The words for a marker; None if the value is none."""
    mapping = cast("Record", value) if isinstance(value, dict) else {}
    key = next(iter(mapping), "")
    if len(mapping) != 1 or key not in MARKERS:
        return None
    held: Any = mapping[key]
    facts = cast("Record", held) if isinstance(held, dict) else {}
    if key in (CUT, TEXT):
        much = next(
            (f"{facts[unit]} {unit}" for unit in ("bytes", "chars", "items", "depth") if unit in facts), ""
        )
        verb = "cut off" if key == CUT else "not kept"
        head = facts.get("head") or ""
        return f"{head if isinstance(head, str) else as_json(head)}… ({verb}: {much} in all)".lstrip(
            "…"
        ).lstrip()
    if key == BLOB:
        much = facts.get("bytes")
        return f"<{facts.get('type', 'bytes')}, {size(much) if isinstance(much, int) else '?'}>"
    if key == TYPE:
        return f"<{held}>"
    return str(held) if key == NUM else None
