"""The texts inside a value of a log, each with the way that leads to it: `message.content`, `args.cities[2]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steplog._format.record import Json, Record

Way = tuple[str | int, ...]

# Names of the format and of the frameworks' messages: as keys they say nothing about what was logged.
_FORMAT_KEYS: Final = frozenset(
    {
        "m", "like", "set", "role", "content", "tool_calls", "tool_call_id", "id", "name", "args", "extra", "status",
        "type", "text", "message", "module", "stack", "code", "metadata", "score", "head", "bytes", "sha256",
    }
)  # fmt: skip


def texts(fields: Iterable[tuple[str, Json]]) -> Iterator[tuple[Way, str]]:
    """Every text and number in the fields, and the keys that a program chose, in the order in which they stand."""
    # A stack instead of recursion: a damaged log may nest deeper than Python calls.
    stack: list[tuple[Way, Json]] = []
    stack.extend(reversed([((name,), value) for name, value in fields]))
    while stack:
        way, value = stack.pop()
        if isinstance(value, str):
            yield way, value
        elif isinstance(value, dict):
            members = cast("dict[str, Json]", value)
            yield from (((*way, key), key) for key in members if key not in _FORMAT_KEYS and key[:1] != "$")
            stack.extend(((*way, key), part) for key, part in reversed(members.items()))
        elif isinstance(value, list):
            parts = cast("list[Json]", value)
            stack.extend(((*way, at), parts[at]) for at in range(len(parts) - 1, -1, -1))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield way, str(value)


def way_text(way: Way) -> str:
    """A way as people write it."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in way)
    return "".join(parts).lstrip(".")


def numbered_messages(record: Record) -> Iterator[Record]:
    """Every object with a message's number in a line, in the order in which they stand."""
    stack: list[Json] = [record]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if isinstance(value.get("m"), int) and ("role" in value or "like" in value or "set" in value):
                yield value
            stack.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            stack.extend(reversed(value))
