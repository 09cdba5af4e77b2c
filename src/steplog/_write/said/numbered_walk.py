"""The walk through a line's values that writes each message and each long text that it meets once a run."""

from __future__ import annotations

from typing import Any, Final, Protocol

from steplog._format.record import MESSAGE, Json
from steplog._write.safe.walk import Place, Walk
from steplog._write.said.message_types import Message, message_type
from steplog._write.settings.settings import Settings

# Kept whatever the content policy: names and ids are not content.
NAMES: Final = frozenset({"role", "id", "name", "tool_call_id", "status"})


class Numbers(Protocol):
    """Who knows what a run's log has, and counts what it does not have yet."""

    step: int

    def number_of(self, o: Any, place: Place) -> tuple[int, Json]:
        """A message's number, and the message itself unless the log has it."""
        ...

    def told(self, messages: list[Any], place: Place) -> Json:
        """A list of messages: their ranges if the log has all of them, else each by its number or in full."""
        ...

    def place_or(self, plain: Json, data: bytes, place: Place) -> Json:
        """A pointer to where the log has what `data` is, else the plain value."""
        ...


class NumberedWalk(Walk):
    """A walk that writes each message and each long text that it meets once a run."""

    __slots__ = ("_numbered", "_pointing")

    def __init__(self, settings: Settings, numbered: Numbers) -> None:
        """Walk values of the line whose messages `numbered` counts."""
        super().__init__(settings)
        self._numbered = numbered
        self._pointing = True

    def field(self, name: str, value: object) -> Json:
        """One content field's value."""
        return self.value(value, 0, (self._numbered.step, name))

    def name(self, value: object) -> Json:
        """As the plain walk, and long ones in full each time: a name stands nowhere that could be pointed at."""
        pointing, self._pointing = self._pointing, False
        try:
            return super().name(value)
        finally:
            self._pointing = pointing

    def message(self, read: Message, hidden: list[bytes]) -> Message:
        """A message's fields; digests of what the content policy keeps out are added to `hidden`."""
        hidden_before = len(self.hidden)
        self._pointing = False  # the identity of a message must not depend on what else the log has
        out: Message = {}
        for name, value in read.items():
            if name in NAMES:
                out[name] = self.name(value)
            elif name == "tool_calls" and type(value) is list:
                out[name] = [self._tool_call(call) for call in value]
            else:
                out[name] = self.value(value, 1, ())
        self._pointing = True
        hidden += self.hidden[hidden_before:]
        return out

    def _tool_call(self, call: Any) -> Json:
        if type(call) is not dict:
            return self.value(call, 2, ())
        return {
            k: self.name(v) if k in NAMES else self.value(v, 2, ()) for k, v in call.items() if v is not None
        }

    # -- what the plain walk meets on its way

    def other(self, o: Any, cls: type, depth: int, place: Place) -> Json:
        """As the plain walk, but a message as its number or in full."""
        if message_type(cls) is None:
            return super().other(o, cls, depth, place)
        number, full = self._numbered.number_of(o, place)
        return {MESSAGE: number} if full is None else full

    def items(self, items: list[Any], size: int, depth: int, place: Place) -> Json:
        """As the plain walk, but a list of known messages as their ranges."""
        if size != len(items) or not items or message_type(type(items[0])) is None:
            return super().items(items, size, depth, place)
        if any(message_type(type(item)) is None for item in items):
            return super().items(items, size, depth, place)
        return self._numbered.told(items, place)

    def long_text(self, o: Json, data: bytes, place: Place) -> Json:
        """A long text, or a pointer to where it stands in the log."""
        return self._numbered.place_or(o, data, place) if self._pointing else o
