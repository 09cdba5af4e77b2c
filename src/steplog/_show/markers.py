"""What stands in the log in place of a value, in words: what was cut, left out, or is no text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from steplog._format.record import BLOB, CUT, MARKERS, NUM, TEXT, TYPE
from steplog._show.terminal_text import as_json
from steplog._show.units import size

if TYPE_CHECKING:
    from steplog._format.record import Json, Record

# What a marker says of the size of what it stands for.
_SIZES: Final = ("bytes", "chars", "items", "depth", "nodes")


def marker_text(value: Json) -> str | None:
    """The words for a marker; None if the value is none."""
    mapping = cast("Record", value) if isinstance(value, dict) else {}
    key = next(iter(mapping), "")
    if len(mapping) != 1 or key not in MARKERS:
        return None
    held: Any = mapping[key]
    facts = cast("Record", held) if isinstance(held, dict) else {}
    if key in (CUT, TEXT):
        much = next((f"{facts[unit]} {unit}" for unit in _SIZES if unit in facts), "")
        if key == TEXT:
            return f"{_plain(facts.get('head'))}… (not kept: {much} in all)".lstrip("…").lstrip()
        return _cut_text(facts, much)
    if key == BLOB:
        much = facts.get("bytes")
        return f"<{facts.get('type', 'bytes')}, {size(much) if isinstance(much, int) else '?'}>"
    if key == TYPE:
        return f"<{held}>"
    return str(held) if key == NUM else None


def _cut_text(facts: Record, much: str) -> str:
    """What is left of a value over a limit; first that it is cut, since what follows may be long."""
    note = ", ".join(str(part) for part in (much or "a circle", facts.get("setting")) if part)
    kept = " … ".join(part for part in (_plain(facts.get("head")), _plain(facts.get("tail"))) if part)
    return f"(cut: {note}) {kept}{'…' if kept and 'tail' not in facts else ''}".rstrip()


def _plain(value: Json) -> str:
    return "" if value is None else value if isinstance(value, str) else as_json(value)
