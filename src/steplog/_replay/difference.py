"""What differs between two prompts, in words."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from steplog._show.preview import as_text
from steplog._show.terminal_text import as_json, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steplog._format.record import Json

Essence = tuple[str, str, str]
_CELLS: Final = 160
_AROUND: Final = 40


def essence(message: Mapping[str, Json]) -> Essence:
    """What of a message is compared: role, content, and the names and arguments of the tools it calls; ids are not."""
    calls: Any = message.get("tool_calls")
    told = [
        {"name": call.get("name"), "args": call.get("args")} for call in calls or () if isinstance(call, dict)
    ]
    return str(message.get("role")), as_text(message.get("content")), as_json(told) if told else ""


def difference_in_words(recorded: Sequence[Mapping[str, Json]], now: Sequence[Mapping[str, Json]]) -> str:
    """The first message in which two prompts differ, and what differs there; empty where they are the same."""
    for number, (before, after) in enumerate(zip_longest(recorded, now), 1):
        if before is None:
            return f"message {number} is new: {_shown(after)}"
        if after is None:
            return f"message {number} is gone: {_shown(before)}"
        was, is_ = essence(before), essence(after)
        if was == is_:
            continue
        if was[0] != is_[0]:
            return f"message {number} was {_shown(before)}, and is {_shown(after)}"
        place = 1 if was[1] != is_[1] else 2
        return f"message {number} ({was[0]}) was {_around(was[place], is_[place])}, and is {_around(is_[place], was[place])}"
    return ""


def _shown(message: Mapping[str, Json] | None) -> str:
    role, content, calls = essence(message or {})
    return one_line(f"{role}: {content} {calls}".strip(), _CELLS)


def _around(text: str, other: str) -> str:
    """A text from a little before its first difference from another."""
    same = _common(text, other)
    start = max(0, same - _AROUND)
    return one_line(repr(("…" if start else "") + text[start:]), _CELLS)


def _common(text: str, other: str) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other))
    )
