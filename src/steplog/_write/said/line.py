"""One line while it is made: its messages by number, and in full what the run's log does not have yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from steplog._format.line import encode
from steplog._format.record import CUT, LONG, MESSAGE, SAME, Json, Record
from steplog._write.safe.blobs import digest_of
from steplog._write.safe.plain_names import is_plain_name
from steplog._write.said.line_walk import NAMES, LineWalk, Path
from steplog._write.said.message_identity import plain_message
from steplog._write.said.message_types import (
    DICT_MESSAGE,
    TYPES_MET,
    Ids,
    Message,
    MessageType,
    message_type,
)
from steplog._write.said.prompts import known_part, ranges, with_numbers
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
    needs_look = False  # when all fields are put: something is in one of the next three
    as_they_are: dict[str, Any] | None = None  # fields that were put without a walk
    texts: Sequence[str] = ()  # of these, for one look for secrets at the end
    extra: dict[Any, Any] | None = None  # what it was told and has no place for

    def __init__(
        self, settings: Settings, memory: RunMemory, record: Record, after: Line | None = None
    ) -> None:
        """For the line that `record` becomes, in the run that `memory` belongs to; written together with the one before, `after`."""
        self.settings = settings
        self.memory = memory
        self.record = record
        # What it has in full that the log does not have yet, or what was changed since.
        self.messages: Messages = {}
        self.places: Places = {}
        if after is not None:
            self.messages |= after.messages
            self.places |= after.places
        if settings.content == "none":
            self.needs_look = True

    def walker(self) -> LineWalk:
        """The line's walk."""
        if self.walk is None:
            self.walk = LineWalk(self)
        return self.walk

    def encoded_as(self, body: bytes) -> Line:
        """This line, to be written later."""
        self.body = body
        return self

    # -- messages

    def prompt(self, messages: list[Any]) -> tuple[str, list[Json]]:
        """The ranges of a prompt's numbers, and what of it the log does not have yet."""
        memory = self.memory
        known = known_part(messages, memory.last_prompt, memory.messages)
        if known.state is not None:
            memory.last_prompt = known
        done = len(known.holders)
        if done == len(messages):
            return ranges(known.spans), []
        numbers: list[int] = []
        new: list[Json] = []
        for message in messages[done:]:
            number, full = self.number_of(message, ("messages", len(new)))
            numbers.append(number)
            if full is not None:
                new.append(full)
        return ranges(with_numbers(known.spans, numbers)), new

    def list_of(self, messages: list[Any], path: Path) -> Json:
        """A list of messages: their ranges if the log has all of them, else each by its number or in full."""
        known = known_part(messages, self.memory.last_prompt, self.memory.messages)
        if len(known.holders) == len(messages):
            return {MESSAGE: ranges(known.spans)}
        found = [self.number_of(message, (*path, i)) for i, message in enumerate(messages)]
        if all(full is None for _, full in found):
            return {MESSAGE: ranges(with_numbers([], [number for number, _ in found]))}
        return [{MESSAGE: number} if full is None else full for number, full in found]

    def number_of(self, message: Any, path: Path) -> tuple[int, Json]:
        """A message's number, and the message itself unless the log has it; `path` is where in the line it will stand."""
        written = self.messages.get(id(message)) or self.memory.messages.get(id(message))
        if written is not None and written.holder is message:
            return (written.number, None) if is_unchanged(written) else self._changed(written, path)
        cls = type(message)
        how = DICT_MESSAGE if cls is dict else TYPES_MET.get(cls) or message_type(cls)
        if how is None:
            message, how = {"role": "unknown", "content": message}, DICT_MESSAGE
        return self._read(message, how, None, path)

    def _changed(self, written: WrittenMessage, path: Path) -> tuple[int, Json]:
        """A message that was changed since it was written, most of the time by an id or a name that it got."""
        message, how, number, _, body, before, read, plain = written
        ids = before if how.ids is None else how.ids(message)
        mark = mark_with_new_ids(written, ids)
        is_amended = ids != before
        if mark is None or (
            is_amended and (has_lost_ids(ids, before) or not self.memory.has_one_object(written))
        ):
            return self._read(message, how, written, path)
        new = _new(WrittenMessage, (message, how, number, mark, body, ids, read, plain))
        self.messages[id(message)] = new
        if not is_amended:  # of what is not written something changed
            return number, None
        self.messages[body, before] = None
        self.messages[body, ids] = new
        return number, {"m": number, "set": self._ids_shown(ids, before)}

    def _read(
        self, message: Any, how: MessageType, written: WrittenMessage | None, path: Path
    ) -> tuple[int, Json]:
        """A message that was not seen before, or was edited since it was `written`."""
        mark, read, ids = how.read(message)
        plain, data, body, left_out = plain_message(read, self.settings, self._walked)
        if plain is read and how.state is None:  # else what is read is a copy all through
            plain = copied(read)
        self.left_out += left_out
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
            full = self._with_pointers(full, path, NAMES)
        return number, full

    def _walked(self, read: Message) -> tuple[Message, Sequence[bytes]]:
        return self.walker().message(read)

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
            shown["id"] = ids[0]
        if ids[1] is not None and (before[1] is None or ids[1] != before[1]):
            shown["name"] = ids[1]
        for name, value in shown.items():
            # With content="none" no message is written.
            if not is_plain_name(value, self.settings) and not self.settings.is_bare:
                shown[name] = self.walker().name(value)
        return shown

    # -- long texts and other values that are written once a run

    def place_or(self, plain: Json, data: bytes, path: Path) -> Json:
        """A pointer to where the log has what `data` is, else the plain value, which will stand at `path`."""
        digest = digest_of(data)
        seen = self.memory.places.get(digest) or self.places.get(digest)
        if seen is not None:
            return {SAME: list(seen)}
        self.places[digest] = (self.record.get("step", 0), *path)  # step 0 is the run itself
        return plain

    def _with_pointers(self, plain: Json, path: Path, but: Collection[str] = ()) -> Json:
        """A plain container with pointers in place of the long texts that the log has, `but` for those under these names."""
        out = plain.copy()
        for key, value in tuple(plain.items()) if type(plain) is dict else enumerate(plain):
            cls = type(value)
            if cls is str:
                if len(value) > LONG and key not in but:
                    out[key] = self.place_or(value, value.encode("utf-8", "surrogatepass"), (*path, key))
            elif cls is dict and len(value) == 1 and "head" in value.get(CUT, ()):
                out[key] = self.place_or(value, encode(value), (*path, key))
            elif cls is dict or cls is list:
                out[key] = self._with_pointers(value, (*path, key))
        return out
