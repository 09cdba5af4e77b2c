"""The messages and long texts of one line: in full where its run's log does not have them, else a number or a pointer."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

from orjson import dumps

from steplog._format.line import encode
from steplog._format.record import CUT, LONG, MESSAGE, SAME, Json, Record
from steplog._write.safe.blobs import digest_of
from steplog._write.safe.quick_check import MANY, are_whole, plain_texts, take_apart
from steplog._write.safe.secrets import may_hold_secret
from steplog._write.safe.walk import Place, is_plain_name
from steplog._write.said.message_types import (
    FOUND,
    PLAIN_MESSAGE,
    Ids,
    Known,
    Message,
    MessageType,
    message_type,
)
from steplog._write.said.numbered_walk import NAMES, NumberedWalk
from steplog._write.said.prompt_prefix import (
    changes_of,
    copied,
    is_as_it_was,
    is_less,
    mark_but_for_ids,
    ranges,
    with_numbers,
)
from steplog._write.said.run_memory import Fresh, Once
from steplog._write.settings.settings import Settings

_NO_IDS: Final[Ids] = (None, None)
_known: Final = tuple.__new__  # a named tuple made without its own, slower way


class Numbered:
    """Gives the messages of one line their numbers, and each message and long text in full once a run.

    What it found new is in `fresh`; the caller commits that to `once` when the line is on its way to the file. What a
    glance is not enough for is walked.
    """

    # Of the class until they change: few lines change them.
    walk: NumberedWalk | None = None  # what came of the values that needed one
    left_out = 0  # characters that content="none" keeps out, besides those that a walk met
    fresh: Fresh | None = None

    def __init__(self, settings: Settings, once: Once, record: Record) -> None:
        """For the line that `record` becomes, in the run that `once` belongs to."""
        self.settings = settings
        self.once = once
        self.record = record
        self.step: int = record.get("step", 0)  # 0 for the run itself

    def walker(self) -> NumberedWalk:
        """The line's walk."""
        if self.walk is None:
            self.walk = NumberedWalk(self.settings, self)
        return self.walk

    def numbers_of(self, messages: list[Any], before: list[tuple[int, int]]) -> tuple[str, list[Json]]:
        """Ranges of message numbers, those `before` these included, and which of these are not in the log yet."""
        numbers: list[int] = []
        new: list[Json] = []
        for message in messages:
            number, full = self.number_of(message, (self.step, "messages", len(new)))
            numbers.append(number)
            if full is not None:
                new.append(full)
        return ranges(with_numbers(before, numbers)), new

    def told(self, messages: list[Any], place: Place) -> Json:
        """A list of messages: their ranges if the log has all of them, else each by its number or in full."""
        found = [self.number_of(message, (*place, i)) for i, message in enumerate(messages)]
        if all(full is None for _, full in found):
            return {MESSAGE: ranges(with_numbers([], [number for number, _ in found]))}
        return [{MESSAGE: number} if full is None else full for number, full in found]

    def number_of(self, o: Any, place: Place) -> tuple[int, Json]:
        """A message's number, and the message itself unless the log has it; `place` is where it will stand."""
        cls = type(o)
        how = PLAIN_MESSAGE if cls is dict else FOUND.get(cls) or message_type(cls)
        if how is None:
            o, how = {"content": o}, PLAIN_MESSAGE
        known = self.once.objects.get(id(o))
        if known is None or known.holder is not o:
            known = None if self.fresh is None else self.fresh.objects.get(id(o))
            if known is None:
                return self._read(o, how, None, place)
        return (known.number, None) if is_as_it_was(known) else self._amended(known, place)

    def _amended(self, known: Known, place: Place) -> tuple[int, Json]:
        """A message that was changed since it was written, most of the time by an id or a name that it got."""
        o, how, number, mark, body, before, read, plain = known
        ids = before if how.ids is None else how.ids(o)
        mark = mark_but_for_ids(known, ids)
        if mark is None or is_less(ids, before) or not (ids == before or self.once.is_amendable(known)):
            return self._read(o, how, known, place)
        fresh = self.fresh = self.fresh or Fresh()
        fresh.objects[id(o)] = _known(Known, (o, how, number, mark, body, ids, read, plain))
        if ids == before:  # of what is not written something changed
            return number, None
        fresh.outdated.append((body, before))
        fresh.numbers[body, ids] = number
        return number, {"m": number, "set": self._shown(ids, before)}

    def _shown(self, ids: Ids, before: Ids) -> Message:
        """A message's id and name, unless they are what they were."""
        shown: Message = {}
        if ids[0] is not None and (before[0] is None or ids[0] != before[0]):
            shown["id"] = self._name(ids[0])
        if ids[1] is not None and (before[1] is None or ids[1] != before[1]):
            shown["name"] = self._name(ids[1])
        return shown

    def _name(self, value: Any) -> Json:
        is_plain = (
            is_plain_name(value, self.settings) or self.settings.is_bare
        )  # the latter writes no message
        return value if is_plain else self.walker().name(value)

    def _read(self, o: Any, how: MessageType, known: Known | None, place: Place) -> tuple[int, Json]:
        """A message that was not seen before, or was edited since."""
        mark, read, ids = how.take(o)
        hidden: list[bytes] = []
        if not self._is_plain(read):
            plain = self.walker().message(read, hidden)
        else:  # of a type with a `state` what is read is a copy all through
            plain = read if how.state is not None else {name: copied(value) for name, value in read.items()}
        try:
            data = dumps(plain)
        except TypeError:  # lone surrogates
            data = encode(plain)
        key = (blake2b(b"".join((data, *hidden)) if hidden else data, digest_size=16).digest(), ids)
        fresh = self.fresh = self.fresh or Fresh()
        number = self.once.numbers.get(key) or fresh.numbers.get(key)
        full: Message | None = None
        if number is None:
            if known is None:
                number = self.once.next_number()
                full = {"m": number, **plain}
                if ids[0] is not None or ids[1] is not None:
                    full |= self._shown(ids, _NO_IDS)
            else:
                number, full = self._edited(known, read, plain, ids)
            fresh.numbers[key] = number
        elif known is None or known.number != number:
            fresh.shared.add(number)
        fresh.objects[id(o)] = _known(Known, (o, how, number, mark, key[0], ids, read, plain))
        if full is not None and len(data) > LONG and not self.settings.is_bare:
            full = self._pointed(full, place)
        return number, full

    def _edited(self, known: Known, read: Message, plain: Message, ids: Ids) -> tuple[int, Message]:
        """A message whose object was in the log otherwise: an edit of it, or it got an id."""
        changes = changes_of(known, read, plain)
        if changes is None or is_less(ids, known.ids) or len(changes) == len(plain):
            number = self.once.next_number()
            return number, {"m": number, **plain, **self._shown(ids, _NO_IDS)}
        shown = self._shown(ids, known.ids)
        if not changes and self.once.is_amendable(known):
            fresh = self.fresh = self.fresh or Fresh()
            fresh.outdated.append((known.body, known.ids))
            return known.number, {"m": known.number, "set": shown}
        number = self.once.next_number()
        return number, {"m": number, "like": known.number, **changes, **shown}

    def _is_plain(self, read: Message) -> bool:
        """Whether a walk would leave the message as it is; with content="none" what is left out is counted."""
        settings = self.settings
        is_bare = settings.is_bare
        if not is_bare and not settings.is_whole:
            return False
        texts: list[str] = []
        others: list[Any] = []
        try:
            for name, value in read.items():
                if is_bare and name in NAMES:
                    continue
                if type(value) is str:
                    texts.append(value)
                elif name != "tool_calls":
                    others.append(value)
                elif not take_apart(value, texts, others, is_bare=is_bare):
                    return False
            if others:
                found = plain_texts(others, settings, MANY)
                if found is None:
                    return False
                texts += found
        except RuntimeError:  # another thread changes it; the walk copies before it looks
            return False
        if is_bare:
            self.left_out += sum(map(len, texts))
            return True
        if max(map(len, texts), default=0) > LONG and not are_whole(texts, settings.max_value_bytes):
            return False
        return not (settings.redact and may_hold_secret("\n".join(texts)))

    # -- once a run

    def is_unseen(self, name: str, value: object, data: bytes | None) -> bool:
        """Whether the run's log does not have this value, told by its `data`, as this field yet."""
        digest = digest_of(encode({name: self.walker().field(name, value)}) if data is None else data)
        if self.once.place(digest) is not None:
            self.once.last_unseen = data
            return False
        fresh = self.fresh = self.fresh or Fresh()
        fresh.places[digest] = (self.step, name)
        return True

    def place_or(self, plain: Json, data: bytes, place: Place) -> Json:
        """A pointer to where the log has what `data` is, else the plain value, which will stand at `place`."""
        digest = digest_of(data)
        fresh = self.fresh = self.fresh or Fresh()
        seen = self.once.place(digest) or fresh.places.get(digest)
        if seen is not None:
            return {SAME: list(seen)}
        fresh.places[digest] = place
        return plain

    def _pointed(self, plain: Json, place: Place) -> Json:
        """A plain container with pointers in place of the long texts that the log has."""
        out = plain.copy()
        for key, value in tuple(plain.items()) if type(plain) is dict else enumerate(plain):
            cls = type(value)
            if cls is str:
                if len(value) > LONG:
                    out[key] = self.place_or(value, value.encode("utf-8", "surrogatepass"), (*place, key))
            elif cls is dict and len(value) == 1 and "head" in value.get(CUT, ()):
                out[key] = self.place_or(value, encode(value), (*place, key))
            elif cls is dict or cls is list:
                out[key] = self._pointed(value, (*place, key))
        return out
