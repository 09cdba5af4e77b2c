"""The walk of one line's values: a message it meets becomes a number, a long text that the log has a pointer."""

from __future__ import annotations

from typing import Any, Final, Protocol

from steplog._format.record import MESSAGE, Json
from steplog._write.safe.walk import Walk
from steplog._write.said.message_types import Message, message_type
from steplog._write.settings.settings import Settings

Path = tuple[Any, ...]  # where a value stands in its line: the field, and keys further in

# Kept whatever the content policy: names and ids are not content.
NAMES: Final = frozenset({"role", "id", "name", "tool_call_id", "status"})


class Numbers(Protocol):
    """Who knows what the run's log has."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        ...

    def number_of(self, message: Any, path: Path) -> tuple[int, Json]:
        """A message's number, and the message itself unless the log has it; `path` is where in the line it will stand."""
        ...

    def list_of(self, messages: list[Any], path: Path) -> Json:
        """A list of messages: their ranges if the log has all of them, else each by its number or in full."""
        ...

    def place_or(self, plain: Json, data: bytes, path: Path) -> Json:
        """A pointer to where the log has what `data` is, else the plain value, which will stand at `path`."""
        ...


class LineWalk(Walk):
    """A walk that writes each message and each long text that it meets once a run."""

    __slots__ = ("_is_pointing", "_numbers")

    def __init__(self, numbers: Numbers) -> None:
        """Walk values of the line that `numbers` is for."""
        super().__init__(numbers.settings)
        self._numbers = numbers
        self._is_pointing = True

    def field(self, name: str, value: object) -> Json:
        """One content field's value."""
        return self.value(value, 0, (name,))

    def name(self, value: object) -> Json:
        """As the plain walk, and long ones in full each time: a name stands nowhere that could be pointed at."""
        was_pointing, self._is_pointing = self._is_pointing, False
        try:
            return super().name(value)
        finally:
            self._is_pointing = was_pointing

    def message(self, read: Message) -> tuple[Message, list[bytes]]:
        """A message's fields, and digests of what the content policy keeps out of them."""
        hidden_before = len(self.hidden)
        self._is_pointing = False  # the identity of a message must not depend on what else the log has
        out: Message = {}
        odd: Message = {}
        for name, value in read.items():
            if name in NAMES:
                plain = self.name(value)
                if type(plain) is str:
                    out[name] = plain
                else:  # the format has texts there
                    odd[name] = plain
            elif name == "tool_calls" and type(value) is list:
                out[name] = [self._tool_call(call) for call in value]
            else:
                self.item(out, name, value, 0, (), read)
        self._is_pointing = True
        if odd:
            extra = out.get("extra")
            out = {"role": "unknown", **out, "extra": {**(extra if type(extra) is dict else {}), **odd}}
        return out, self.hidden[hidden_before:]

    def _tool_call(self, call: Any) -> Json:
        if type(call) is not dict:
            return self.value(call, 2, ())
        out: Message = {}
        for name, value in call.items():
            if name in NAMES and value is not None:
                out[name] = self.name(value)
            elif value is not None:
                self.item(out, name, value, 1, (), call)
        return out

    # -- what the plain walk meets on its way

    def other(self, o: Any, cls: type, depth: int, place: Path) -> Json:
        """As the plain walk, but a message as its number or in full."""
        if message_type(cls) is None:
            return super().other(o, cls, depth, place)
        number, full = self._numbers.number_of(o, place)
        return {MESSAGE: number} if full is None else full

    def items(self, items: list[Any], size: int, depth: int, place: Path) -> Json:
        """As the plain walk, but a list of known messages as their ranges."""
        if size == len(items) and items and all(message_type(type(item)) is not None for item in items):
            return self._numbers.list_of(items, place)
        return super().items(items, size, depth, place)

    def long_text(self, o: Json, data: bytes, place: Path) -> Json:
        """A long text, or a pointer to where it stands in the log."""
        if not self._is_pointing or not place:  # an error's message, which readers take as it is
            return o
        return self._numbers.place_or(o, data, place)
