"""What has been written already in this run: numbers of messages, places of long texts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final

from steplog._write.safe.walk import Place
from steplog._write.said.message_types import Ids, Known
from steplog._write.said.prompt_prefix import NO_HISTORY, Span, ranges, unchanged, with_numbers

_MOST: Final = (
    50_000  # entries of a kind a run remembers; past it all are forgotten and written in full again
)

MessageKey = tuple[bytes, Ids]  # the digest of all but id and name, and these


class Fresh:
    """What one record has in full that its run's log did not have before."""

    __slots__ = ("numbers", "objects", "outdated", "places", "shared")

    def __init__(self) -> None:
        """Nothing yet."""
        self.numbers: dict[MessageKey, int] = {}
        self.objects: dict[int, Known] = {}
        self.places: dict[bytes, Place] = {}
        self.outdated: list[MessageKey] = []
        self.shared: set[int] = set()


class Once:
    """One run's memory of what its log has in full; told so only when the line is on its way to the file."""

    __slots__ = ("_history", "_places", "_shared", "last_unseen", "next_number", "numbers", "objects")

    def __init__(self) -> None:
        """Remember nothing."""
        self.numbers: dict[MessageKey, int] = {}
        self.objects: dict[int, Known] = {}
        self._places: dict[bytes, Place] = {}
        self._shared: set[int] = set()  # numbers that more than one object has: none of them may amend it
        self._history = NO_HISTORY
        self.last_unseen: bytes | None = b""  # what the last model call repeated, told by its bytes
        # One C call, so that two threads never get the same number.
        self.next_number: Callable[[], int] = count(1).__next__

    def prompt(self, messages: list[Any]) -> tuple[int, list[Span]]:
        """How many messages a prompt begins with that the log has as they are now, and their numbers."""
        history = self._history if self._history.begins(messages) else NO_HISTORY
        done = len(history.holders)
        if done == len(messages):
            return done, history.spans
        new = unchanged(messages[done:], self.objects)
        if not new:
            return done, history.spans
        history = history.followed_by(new)
        if history.state is not None:
            self._history = history
        return done + len(new), history.spans

    def numbers_of(self, messages: list[Any]) -> str | None:
        """The ranges of messages that the log has as they are now; None where one of them is new or changed."""
        history = self._history if len(messages) > 1 and self._history.begins(messages) else NO_HISTORY
        done = len(history.holders)
        known = unchanged(messages[done:] if done else messages, self.objects)
        if done + len(known) < len(messages):
            return None
        return ranges(with_numbers(history.spans, [one.number for one in known]))

    def is_amendable(self, known: Known) -> bool:
        """Whether an edit of this object's ids may be told as one of its message, since no other object has its number."""
        return known.number not in self._shared and self.numbers.get((known.body, known.ids)) == known.number

    def place(self, digest: bytes) -> Place | None:
        """Where the text with this digest stands."""
        return self._places.get(digest)

    def commit(self, fresh: Fresh) -> None:
        """Remember what a line has in full that was handed to the writer."""
        if fresh.numbers:
            if len(self.numbers) > _MOST:
                self.numbers = {}
            self.numbers.update(fresh.numbers)
            for key in fresh.outdated:
                self.numbers.pop(key, None)
        if fresh.objects:
            self._shared |= fresh.shared
            if len(self.objects) > _MOST:
                self.objects = {}
            self.objects.update(fresh.objects)
        if fresh.places:
            if len(self._places) > _MOST:
                self._places = {}
            self._places.update(fresh.places)

    def forget(self) -> None:
        """The run is over: hold nothing more of it. Numbers go on where they were."""
        self.numbers, self.objects, self._places, self._shared = {}, {}, {}, set()
        self._history = NO_HISTORY

    def __len__(self) -> int:
        """How many things are remembered."""
        return len(self.numbers) + len(self.objects) + len(self._places)
