"""One line while it is made: its messages by number, and in full what the run's log does not have yet."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

from orjson import dumps

from steplog._format.line import encode
from steplog._format.record import LONG, MESSAGE, SAME, Json, Record
from steplog._write.safe.blobs import digest_of
from steplog._write.safe.secrets import may_hold_secret
from steplog._write.safe.walk import Place, is_plain_name
from steplog._write.said.line_walk import LineWalk
from steplog._write.said.message_texts import texts_of_message
from steplog._write.said.message_types import (
    DICT_MESSAGE,
    TYPES_MET,
    Ids,
    Message,
    MessageType,
    message_type,
)
from steplog._write.said.prompts import Span, ranges, with_numbers
from steplog._write.said.run_memory import Messages, Places, RunMemory
from steplog._write.said.written_message import (
    WrittenMessage,
    changes_of,
    copied,
    has_lost_ids,
    is_unchanged,
    mark_with_new_ids,
)
from steplog._write.settings.settings import Settings

_NO_IDS: Final[Ids] = (None, None)
_new: Final = tuple.__new__  # a named tuple made without its own, slower way


class Line:
    """One line's record, and what the run's memory is to learn from it when it is on its way to the file.

    What a quick look is not enough for is walked.
    """

    # Of the class until they change: few lines change them.
    body = b""  # the encoded record, without `seq` and `ts`
    walk: LineWalk | None = None  # of the values that needed one
    left_out = 0  # characters that content="none" keeps out, besides those that a walk met
    characters = 0  # of messages in `messages`
    as_they_are: dict[str, Any] | None = None  # fields that were put without a walk
    texts: Sequence[str] = ()  # of these, for one look for secrets at the end
    extra: dict[Any, Any] | None = None  # what it was told and has no place for

    def __init__(self, settings: Settings, memory: RunMemory, record: Record) -> None:
        """For the line that `record` becomes, in the run that `memory` belongs to."""
        self.settings = settings
        self.memory = memory
        self.record = record
        # What it has in full that the log does not have yet, or what was changed since.
        self.messages: Messages = {}
        self.places: Places = {}

    @property
    def step(self) -> int:
        """The number of its step; 0 for the run itself."""
        return self.record.get("step", 0)

    def walker(self) -> LineWalk:
        """The line's walk."""
        if self.walk is None:
            self.walk = LineWalk(self)
        return self.walk

    # -- messages

    def prompt(self, messages: list[Any]) -> tuple[str, list[Json]]:
        """The ranges of a prompt's numbers, and what of it the log does not have yet."""
        memory = self.memory
        known = memory.known_part(messages)
        if known.state is not None:
            memory.last_prompt = known
        done = len(known.holders)
        if done == len(messages):
            return ranges(known.spans), []
        return self.numbers_of(messages[done:], known.spans)

    def numbers_of(self, messages: list[Any], before: list[Span]) -> tuple[str, list[Json]]:
        """Ranges of message numbers, those `before` these included, and which of these are not in the log yet."""
        numbers: list[int] = []
        new: list[Json] = []
        for message in messages:
            number, full = self.number_of(message, (self.step, "messages", len(new)))
            numbers.append(number)
            if full is not None:
                new.append(full)
        return ranges(with_numbers(before, numbers)), new

    def list_of(self, messages: list[Any], place: Place) -> Json:
        """A list of messages: their ranges if the log has all of them, else each by its number or in full."""
        known = self.memory.known_part(messages)
        if len(known.holders) == len(messages):
            return {MESSAGE: ranges(known.spans)}
        found = [self.number_of(message, (*place, i)) for i, message in enumerate(messages)]
        if all(full is None for _, full in found):
            return {MESSAGE: ranges(with_numbers([], [number for number, _ in found]))}
        return [{MESSAGE: number} if full is None else full for number, full in found]

    def number_of(self, message: Any, place: Place) -> tuple[int, Json]:
        """A message's number, and the message itself unless the log has it; `place` is where it will stand."""
        written = self.messages.get(id(message)) or self.memory.messages.get(id(message))
        if written is None or written.holder is not message:
            cls = type(message)
            how = DICT_MESSAGE if cls is dict else TYPES_MET.get(cls) or message_type(cls)
            if how is None:
                message, how = {"role": "unknown", "content": message}, DICT_MESSAGE
            return self._read(message, how, None, place)
        if is_unchanged(written):
            return written.number, None
        return self._changed(written, place)

    def _changed(self, written: WrittenMessage, place: Place) -> tuple[int, Json]:
        """A message that was changed since it was written, most of the time by an id or a name that it got."""
        message, how, number, mark, body, before, read, plain = written
        ids = before if how.ids is None else how.ids(message)
        mark = mark_with_new_ids(written, ids)
        is_amended = ids != before
        if mark is None or has_lost_ids(ids, before) or (is_amended and not self.memory.has_one_object(written)):
            return self._read(message, how, written, place)
        new = _new(WrittenMessage, (message, how, number, mark, body, ids, read, plain))
        self.messages[id(message)] = new
        if not is_amended:  # of what is not written something changed
            return number, None
        self.messages[body, before] = None
        self.messages[body, ids] = new
        return number, {"m": number, "set": self._ids_shown(ids, before)}

    def _read(
        self, message: Any, how: MessageType, written: WrittenMessage | None, place: Place
    ) -> tuple[int, Json]:
        """A message that was not seen before, or was edited since it was `written`."""
        mark, read, ids = how.read(message)
        plain, hidden = self._plain(read, how)
        try:
            data = dumps(plain)
        except TypeError:  # lone surrogates
            data = encode(plain)
        body = blake2b(b"".join((data, *hidden)) if hidden else data, digest_size=16).digest()
        key = (body, ids)
        same = self.messages[key] if key in self.messages else self.memory.messages.get(key)
        full: Message | None = None
        if same is not None:
            number = same.number
        elif written is None:
            number = self.memory.next_number()
            full = {"m": number, **plain}
            if ids[0] is not None or ids[1] is not None:
                full |= self._ids_shown(ids, _NO_IDS)
        else:
            number, full = self._edited(written, read, plain, ids)
        new = _new(WrittenMessage, (message, how, number, mark, body, ids, read, plain))
        self.messages[id(message)] = new
        self.characters += len(data)
        if same is None:
            self.messages[key] = new
        elif same.holder is not None and (written is None or written.number != number):
            self.messages[key] = same._replace(holder=None)
        if full is not None and len(data) > LONG and not self.settings.is_bare:
            full = self._with_pointers(full, place)
        return number, full

    def _plain(self, read: Message, how: MessageType) -> tuple[Message, Sequence[bytes]]:
        """A message as it is to be written, and digests of what the content policy keeps out of it."""
        settings = self.settings
        texts = texts_of_message(read, settings)
        if texts is None:
            return self.walker().message(read)
        if settings.is_bare:
            self.left_out += sum(map(len, texts))
        elif settings.redact and may_hold_secret("\n".join(texts)):
            return self.walker().message(read)
        # Of a type with a `state` what is read is a copy all through.
        return (read if how.state is not None else copied(read)), ()

    def _edited(
        self, written: WrittenMessage, read: Message, plain: Message, ids: Ids
    ) -> tuple[int, Message]:
        """A message whose object was in the log otherwise: an edit of it, or it got an id."""
        changes = changes_of(written, read, plain)
        if changes is None or has_lost_ids(ids, written.ids) or len(changes) == len(plain):
            number = self.memory.next_number()
            return number, {"m": number, **plain, **self._ids_shown(ids, _NO_IDS)}
        shown = self._ids_shown(ids, written.ids)
        if not changes and self.memory.has_one_object(written):
            self.messages[written.body, written.ids] = None
            return written.number, {"m": written.number, "set": shown}
        number = self.memory.next_number()
        return number, {"m": number, "like": written.number, **changes, **shown}

    def _ids_shown(self, ids: Ids, before: Ids) -> Message:
        """A message's id and name, unless they are what they were."""
        shown: Message = {}
        if ids[0] is not None and (before[0] is None or ids[0] != before[0]):
            shown["id"] = self._name(ids[0])
        if ids[1] is not None and (before[1] is None or ids[1] != before[1]):
            shown["name"] = self._name(ids[1])
        return shown

    def _name(self, value: Any) -> Json:
        if is_plain_name(value, self.settings) or self.settings.is_bare:  # the latter writes no message
            return value
        return self.walker().name(value)

    # -- long texts and other values that are written once a run

    def place_or(self, plain: Json, data: bytes, place: Place) -> Json:
        """A pointer to where the log has what `data` is, else the plain value, which will stand at `place`."""
        digest = digest_of(data)
        seen = self.memory.places.get(digest) or self.places.get(digest)
        if seen is not None:
            return {SAME: list(seen)}
        self.places[digest] = place
        return plain

    def _with_pointers(self, plain: Json, place: Place) -> Json:
        """A plain container with pointers in place of the long texts that the log has."""
        out = plain.copy()
        for key, value in tuple(plain.items()) if type(plain) is dict else enumerate(plain):
            cls = type(value)
            if cls is str:
                if len(value) > LONG:
                    out[key] = self.place_or(value, value.encode("utf-8", "surrogatepass"), (*place, key))
            elif cls is dict or cls is list:
                out[key] = self._with_pointers(value, (*place, key))
        return out
