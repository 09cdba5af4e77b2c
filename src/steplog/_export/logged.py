"""What a log may hold where a list or an object is expected: anything. These give what there is of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from steplog._format.record import Json, Record


def objects_in(value: Json) -> list[Record]:
    """The objects of a list; none where the value is no list."""
    items: list[Any] = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Record", item) for item in items if isinstance(item, dict)]


def calls_in(message: Record | None) -> list[Record]:
    """The tool calls that a message asks for."""
    return objects_in((message or {}).get("tool_calls"))
