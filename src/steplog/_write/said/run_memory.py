"""What one run's log has in full: its messages by object and by content, and the places of its long texts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final, Protocol

from steplog._write.said.message_types import Ids
from steplog._write.said.prompts import NO_PROMPT, Prompt
from steplog._write.said.written_message import WrittenMessage

# A run that never ends must not fill the memory: past one of these all is forgotten, and written in full again.
MOST_ENTRIES: Final = 30_000  # a message has two, a long text one
MOST_CHARACTERS: Final = 32 * 1024 * 1024  # of messages

MessageKey = tuple[bytes, Ids]  # the digest of all but id and name, and these
# Messages by the `id()` of their object and by their key. None under a key: no message is that any more.
Messages = dict[int | MessageKey, WrittenMessage | None]
Places = dict[bytes, tuple[Any, ...]]  # where the text with a digest stands: step, field, and keys further in


class Learned(Protocol):
    """What a line has in full that the log did not have before."""

    @property
    def messages(self) -> Messages:
        """Messages, and what of those that the log has was changed."""
        ...

    @property
    def places(self) -> Places:
        """Long texts."""
        ...

    @property
    def characters(self) -> int:
        """The size of the messages."""
        ...


class BoundReachedError(Exception):
    """What a recorder keeps in memory has reached its bound; written as `log.error`, never raised."""


class RunMemory:
    """One run's memory of what its log has in full; told so only when the line is on its way to the file."""

    __slots__ = (
        "_characters",
        "is_bound_told",
        "is_full",
        "last_prompt",
        "last_tool_defs",
        "messages",
        "next_number",
        "places",
    )

    def __init__(self) -> None:
        """Remember nothing."""
        self.messages: Messages = {}
        self.places: Places = {}
        self.last_prompt: Prompt = NO_PROMPT
        self.last_tool_defs: bytes | None = b""  # what the last model call repeated, as bytes
        # One C call, so that no two threads get the same number.
        self.next_number: Callable[[], int] = count(1).__next__
        self._characters = 0
        self.is_full = self.is_bound_told = False

    def has_one_object(self, written: WrittenMessage) -> bool:
        """Whether no other object is the same message, so that an edit of this one's ids is one of the message."""
        found = self.messages.get((written.body, written.ids))
        return found is not None and found.holder is written.holder

    def add(self, line: Learned) -> bool:
        """Remember what a line has in full that is on its way to the file; True where that is too much in all."""
        if not line.messages and not line.places:
            return self.is_full
        if line.messages:
            self.messages.update(line.messages)
            self._characters += line.characters
        if line.places:
            self.places.update(line.places)
        entries = len(self.messages) + len(self.places)
        self.is_full = entries > MOST_ENTRIES or self._characters > MOST_CHARACTERS
        return self.is_full

    def forget(self) -> None:
        """Hold nothing more of what was said. Numbers go on where they were."""
        self.messages, self.places, self._characters, self.is_full = {}, {}, 0, False
        self.last_prompt, self.last_tool_defs = NO_PROMPT, b""

    def __len__(self) -> int:
        """How many things are remembered."""
        return len(self.messages) + len(self.places)
