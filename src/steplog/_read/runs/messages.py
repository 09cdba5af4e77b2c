"""A run's messages: gathered from its lines, each as it was at a given line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._format.record import Json, Record

LATEST: Final = 1 << 62  # later than any line


@dataclass(frozen=True, slots=True)
class Messages:
    """What was written of each message, with the place (line of the run, from 0) where it was.

    `written`: in full, or as `like` another; the first writing counts. `amended`: ids and names it got later.
    """

    written: dict[int, tuple[int, Record]] = field(default_factory=dict[int, "tuple[int, Record]"])
    amended: dict[int, list[tuple[int, Record]]] = field(
        default_factory=dict[int, "list[tuple[int, Record]]"]
    )

    def last_number(self) -> int:
        """The highest number of a message; 0 if there are none."""
        return max(self.written, default=0)

    def numbers(self) -> list[int]:
        """The numbers of all messages, in order."""
        return sorted(self.written)

    def at(self, number: int, line: int = LATEST) -> Record | None:
        """The message as it was at that line of the run; None if its writing is lost."""
        # From the newest edit down to what was written in full, then up again: an edit of an edit of an edit …
        chain: list[tuple[int, int, Record]] = []
        wanted: int | None = number
        while wanted is not None:
            found = self.written.get(wanted)
            if found is None:
                return None
            chain.append((wanted, line, found[1]))
            line = found[0]
            below = found[1].get("like")
            if isinstance(below, int) and below >= wanted:
                return None  # damaged: what a message is like comes before it
            wanted = below if isinstance(below, int) else None
        message: Record = {}
        for each, until, written in reversed(chain):
            message |= {name: value for name, value in written.items() if name != "like"}
            for since, amendment in self.amended.get(each, ()):
                message |= amendment if since <= until else {}
        return message


def collect_messages(records: Sequence[Record]) -> Messages:
    """Every message of a run."""
    messages = Messages()
    for line, record in enumerate(records):
        several = record.get("messages")
        _keep(messages, line, record.get("message"))
        for message in cast("list[Json]", several) if isinstance(several, list) else ():
            _keep(messages, line, message)
    # Those places first: elsewhere a program's own {"m": 1, "role": …} might pass for a message.
    for line, record in enumerate(records):
        _search(
            messages, line, [value for name, value in record.items() if name not in ("message", "messages")]
        )
    for amendments in messages.amended.values():
        amendments.sort(key=lambda amendment: amendment[0])
    return messages


def _search(messages: Messages, line: int, values: list[Json]) -> None:
    todo = [value for value in values if isinstance(value, dict | list)]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            _keep(messages, line, value)
            value = list(cast("dict[str, Json]", value).values())
        todo.extend(part for part in reversed(value) if isinstance(part, dict | list))


def _keep(messages: Messages, line: int, value: Json) -> None:
    if not isinstance(value, dict):
        return
    message = cast("Record", value)
    number, amendment = message.get("m"), message.get("set")
    if not isinstance(number, int):
        return
    if isinstance(amendment, dict):
        messages.amended.setdefault(number, []).append((line, cast("Record", amendment)))
    elif isinstance(message.get("role"), str) or isinstance(message.get("like"), int):
        messages.written.setdefault(number, (line, message))
