"""A record's values as plain JSON in which what its run's log has already is a number or a pointer."""

from __future__ import annotations

from typing import Any, Final

from steplog._format.line import encode
from steplog._format.record import MESSAGE, SAME, Json
from steplog._write.glance import MANY, plain_texts
from steplog._write.history import Span, ranges, with_numbers
from steplog._write.message_types import PLAIN_MESSAGE, Ids, Known, Message, MessageType, message_type
from steplog._write.once import LONG, Fresh, Once, Place, digest_of
from steplog._write.plain import Walk
from steplog._write.redact import may_hold_secret
from steplog._write.settings import Settings

# Kept whatever the content policy: names and ids are not content.
_NAMES: Final = frozenset({"role", "id", "name", "tool_call_id", "status"})
# LangGraph gives an id, and an agent its name, to messages that were seen without: told as an amendment.
_NOTHING: Final = type(None)
_known: Final = tuple.__new__  # a named tuple made without its own, slower way
_IDS: Final = frozenset({"id", "name"})


class NumberedWalk(Walk):
    """A walk that writes each message and each long text of a run once.

    What it found new is in `fresh`; the caller commits that to `once` when the record is on its way to the file.
    """

    __slots__ = ("_pointing", "fresh", "once", "step")

    def __init__(self, settings: Settings, once: Once, step: int) -> None:
        """Walk a record of step number `step`, 0 for the run itself, in the run that `once` belongs to."""
        super().__init__(settings)
        self.once = once
        self.step = step
        self.fresh = Fresh()
        self._pointing = True

    def field(self, name: str, value: object) -> Json:
        """One content field's value."""
        return self.value(value, 0, (self.step, name))

    def prompt(self, messages: list[Any], before: list[Span]) -> tuple[str, list[Json]]:
        """Ranges of message numbers, those `before` these included, and which of these are not in the log yet."""
        numbers: list[int] = []
        new: list[Json] = []
        for message in messages:
            number, full = self._message(message, (self.step, "messages", len(new)))
            numbers.append(number)
            if full is not None:
                new.append(full)
        return ranges(with_numbers(before, numbers)), new

    def message(self, name: str, message: Any) -> Json:
        """One message as a field: its number where it is known, else in full."""
        number, full = self._message(message, (self.step, name))
        return number if full is None else full

    def is_unseen(self, name: str, value: object, data: bytes | None) -> bool:
        """Whether the run's log does not have this value, told by its `data`, as this field yet."""
        digest = digest_of(encode({name: self.field(name, value)}) if data is None else data)
        if self.once.place(digest) is not None:
            self.once.last_unseen = data
            return False
        self.fresh.places[digest] = (self.step, name)
        return True

    def pointed_at(self, name: str, plain: Json) -> Json:
        """A plain value, or a pointer to where the run's log has it where that is shorter."""
        data = encode({"": plain})
        return plain if len(data) <= LONG else self._place_or(plain, data, (self.step, name))

    def _place_or(self, plain: Json, data: bytes, place: Place) -> Json:
        digest = digest_of(data)
        seen = self.once.place(digest) or self.fresh.places.get(digest)
        if seen is not None:
            return {SAME: list(seen)}
        self.fresh.places[digest] = place
        return plain

    # -- what the plain walk meets on its way

    def other(self, o: Any, cls: type, depth: int, place: Place) -> Json:
        """As the plain walk, but a message as its number or in full."""
        if message_type(cls) is None:
            return super().other(o, cls, depth, place)
        number, full = self._message(o, place)
        return {MESSAGE: number} if full is None else full

    def items(self, items: list[Any], size: int, depth: int, place: Place) -> Json:
        """As the plain walk, but a list of known messages as their ranges."""
        if size != len(items) or not items or message_type(type(items[0])) is None:
            return super().items(items, size, depth, place)
        if any(message_type(type(item)) is None for item in items):
            return super().items(items, size, depth, place)
        known = self.once.numbers_of(items)
        if known is not None:
            return {MESSAGE: known}
        found = [self._message(item, (*place, i)) for i, item in enumerate(items)]
        if all(full is None for _, full in found):
            return {MESSAGE: ranges(with_numbers([], [number for number, _ in found]))}
        return [{MESSAGE: number} if full is None else full for number, full in found]

    def long_text(self, o: str, place: Place) -> Json:
        """A long text, or a pointer to where it stands in the log."""
        return self._place_or(o, o.encode("utf-8", "surrogatepass"), place) if self._pointing else o

    # -- messages

    def _message(self, o: Any, place: Place) -> tuple[int, Json]:
        """A message's number, and the message itself unless the log has it."""
        how = PLAIN_MESSAGE if type(o) is dict else message_type(type(o))
        if how is None:
            o, how = {"content": o}, PLAIN_MESSAGE
        known = self.once.objects.get(id(o))
        if known is None or known.holder is not o:
            known = self.fresh.objects.get(id(o))
        if known is not None and how.same(o, known.mark):
            ids = known.ids if how.ids is None else how.ids(o)
            if ids == known.ids:
                if how.state is not None:
                    # Of what is not written something changed: marked anew, or it would be asked for ever.
                    self.fresh.objects[id(o)] = known._replace(mark=how.mark(o))
                return known.number, None
            was_id, was_name = known.ids
            if (ids[0] or not was_id) and (ids[1] or not was_name) and self.once.is_amendable(known):
                return self._amended(o, known, ids)
        return self._read(o, how, known, place)

    def _amended(self, o: Any, known: Known, ids: Ids) -> tuple[int, Json]:
        """A message that got its id or its name since it was written, and is otherwise the same."""
        _, how, number, _, body, before, read, plain = known
        changed: Message = {}
        if ids[0] != before[0]:
            changed["id"] = self.name(ids[0])
        if ids[1] != before[1]:
            changed["name"] = self.name(ids[1])
        self.fresh.outdated.append((body, before[0], before[1]))
        self.fresh.objects[id(o)] = _known(
            Known, (o, how, number, how.mark(o), body, ids, read, plain | changed)
        )
        self.fresh.numbers[body, ids[0], ids[1]] = number
        return number, {"m": number, "set": changed}

    def _read(self, o: Any, how: MessageType, known: Known | None, place: Place) -> tuple[int, Json]:
        """A message that was not seen before, or was edited since."""
        mark = how.mark(o)
        read = how.read(mark)
        hidden_before = len(self.hidden)
        plain = read if self._is_plain_message(read) else self._walked_message(read)
        shown = plain.copy()
        shown.pop("id", None)
        shown.pop("name", None)
        ids = (read.get("id"), read.get("name"))
        data = encode(shown)
        body = digest_of(b"".join((data, *self.hidden[hidden_before:])) if self.hidden else data)
        key = (body, ids[0], ids[1])
        number = self.once.numbers.get(key) or self.fresh.numbers.get(key)
        full = None
        if number is None:
            if known is None:
                number = self.once.next_number()
                full = {"m": number, **plain}
            else:
                number, full = self._edited(known, read, plain)
            self.fresh.numbers[key] = number
        elif known is None or known.number != number:
            self.fresh.shared.add(number)
        self.fresh.objects[id(o)] = _known(Known, (o, how, number, mark, body, ids, read, plain))
        if full is None or len(data) <= LONG or self.settings.is_bare:
            return number, full
        return number, self._pointed(full, place)

    def _edited(self, known: Known, read: Message, plain: Message) -> tuple[int, Message]:
        """A message whose object was in the log otherwise: an edit of it, or it got an id."""
        changes = _changes(known, read, plain)
        if changes is not None and changes.keys() <= _IDS and self.once.is_amendable(known):
            self.fresh.outdated.append((known.body, *known.ids))
            return known.number, {"m": known.number, "set": changes}
        number = self.once.next_number()
        if changes is None or len(changes) == len(plain):
            return number, {"m": number, **plain}
        return number, {"m": number, "like": known.number, **changes}

    def _walked_message(self, read: Message) -> Message:
        self._pointing = False  # the identity of a message must not depend on what else the log has
        out: Message = {}
        for name, value in read.items():
            if name in _NAMES:
                out[name] = self.name(value)
            elif name == "tool_calls" and type(value) is list:
                out[name] = [self._tool_call(call) for call in value]
            else:
                out[name] = self.value(value, 1, ())
        self._pointing = True
        return out

    def _is_plain_message(self, read: Message) -> bool:
        """Whether a walk would leave the message as it is; with content="none" what is left out is counted."""
        settings = self.settings
        if not settings.is_whole and not settings.is_bare:
            return False
        calls = read.get("tool_calls", ())
        for call in calls:
            if type(call) is not dict or _NOTHING in map(type, call.values()):
                return False
        if settings.is_whole:
            texts = plain_texts(read.values(), settings, settings.max_value_bytes)
            return texts is not None and not (settings.redact and may_hold_secret("\n".join(texts)))
        said = [value for name, value in read.items() if name not in _NAMES and name != "tool_calls"]
        texts = plain_texts([*said, *[call.get("args") for call in calls]], settings, MANY)
        self.left_out += sum(map(len, texts or ()))
        return texts is not None

    def _tool_call(self, call: Any) -> Json:
        if type(call) is not dict:
            return self.value(call, 2, ())
        return {
            k: self.name(v) if k in _NAMES else self.value(v, 2, ()) for k, v in call.items() if v is not None
        }

    def _pointed(self, plain: Json, place: Place) -> Json:
        """A plain container with pointers in place of the long texts that the log has."""
        out = plain.copy()
        for key, value in tuple(plain.items()) if type(plain) is dict else enumerate(plain):
            cls = type(value)
            if cls is str:
                if len(value) > LONG:
                    out[key] = self.long_text(value, (*place, key))
            elif cls is dict or cls is list:
                out[key] = self._pointed(value, (*place, key))
        return out


def _changes(known: Known, read: Message, plain: Message) -> Message | None:
    """What differs in a message that was edited since it was written; None where something is gone."""
    if known.plain.keys() - plain.keys():
        return None
    return {
        k: v
        for k, v in plain.items()
        if known.plain.get(k) != v or (type(read[k]) is str and known.read.get(k) != read[k])
    }
