"""The fields of one line that hold what the program said: written as they are where a glance allows it, else walked."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from steplog._format.line import encode
from steplog._format.record import CUT, LONG, MESSAGE, Json, Record
from steplog._write.safe.quick_check import MANY, plain_texts
from steplog._write.safe.secrets import may_hold_secret
from steplog._write.safe.walk import Walk, is_harmless, is_plain_name
from steplog._write.said.message_types import message_type
from steplog._write.said.numbering import Numbered
from steplog._write.said.prompt_prefix import ranges
from steplog._write.settings.settings import Settings

# Fields whose texts are what the program said; all others but messages, tools and errors are names and numbers.
_SAID: Final = (
    "input",
    "output",
    "args",
    "result",
    "query",
    "documents",
    "value",
    "data",
    "metadata",
    "extra",
)
SAFE: Final = frozenset(("usage", "totals"))  # made here and by the adapters, of names and numbers only
_NOT_IN_NONE: Final = (*_SAID, "messages", "message")
_SIZED_BY_TOKENS: Final = ("run.start", "run.end", "llm.start")
# Definitions of tools, by their bytes, that were found to need no walk under settings: a program's runs repeat them.
_plain_defs: dict[bytes, Settings] = {}
_MOST_DEFS: Final = 64
_LONGEST_DEFS: Final = 64 * 1024
_FEW_NAMES: Final = 128  # characters of tool names that are shorter than a pointer to where they stand
_NO_REFERENCES: Final = 0  # the version of marshal's format in which equal values have equal bytes


class Content(Numbered):
    """Puts such fields into one line's record."""

    _as_they_are: dict[str, Any] | None = None  # as on `Numbered`
    texts: Sequence[str] = ()  # of these

    def close(self) -> None:
        """Look at all texts that were put as they are; where one may hold a secret, walk what they stand in."""
        if self._may_hold_secret():
            self.walk_all()
        if self.settings.content == "none":
            self._leave_out()

    def walk_all(self) -> None:
        """Walk all that was put as it is."""
        for name, value in (self._as_they_are or {}).items():
            self.record[name] = self.walker().field(name, value)
        self._as_they_are = None

    def encoded_anew(self) -> bytes:
        """The line, where something in it cannot be encoded as it is."""
        self.walk_all()
        try:
            return encode(self.record)
        except TypeError:  # what is not looked at holds more than numbers: a usage that the program made up
            for name in SAFE.intersection(self.record):
                self.record[name] = self.walker().name(self.record[name])
            return encode(self.record)

    def cut_down(self) -> None:
        """Fields were replaced by their sizes."""
        self.walker().cut += 1
        self.fresh = None  # what was taken out again must not be pointed at

    # -- each kind of field

    def name(self, name: str, value: Any) -> None:
        """A name, or names and numbers, that is not written as it is at once."""
        plain = self.walker().name(value)
        if plain not in ({}, [], ""):
            self.record[name] = plain

    def said(self, name: str, value: Any) -> None:
        """Any value of the program's: as it is where a glance allows it; with content="none" counted."""
        settings = self.settings
        messages = self._messages_in(name, value) if type(value) is dict and len(value) == 1 else None
        if messages is not None:
            self.record[name] = messages
            return
        texts: list[str] | None = None
        if settings.is_whole or (settings.is_bare and name != "documents"):
            try:
                texts = plain_texts((value,), settings, LONG if settings.is_whole else MANY)
            except RuntimeError:  # another thread changes it; the walk copies before it looks
                texts = None
        if texts is None:
            self.record[name] = self.walker().field(name, value)
        elif settings.is_whole:
            self._put(name, value, texts)
        else:
            self.left_out += sum(map(len, texts))

    def _put(self, name: str, value: Any, texts: list[str]) -> None:
        """A value as it is, to be walked after all if these texts of it hold a secret."""
        self.record[name] = value
        if self._as_they_are is None:
            self._as_they_are, self.texts = {name: value}, texts
        else:
            self._as_they_are[name] = value
            self.texts = [*self.texts, *texts]

    def _may_hold_secret(self) -> bool:
        return bool(self.texts) and self.settings.redact and may_hold_secret("\n".join(self.texts))

    def _messages_in(self, name: str, value: dict[Any, Any]) -> Json:
        """What a graph's node gives back most of the time: a dict with a list of messages. None for anything else."""
        for key, items in tuple(value.items()):
            if type(items) is not list or not items or message_type(type(items[0])) is None:
                return None
            if type(key) is not str or not is_harmless(key) or len(items) > self.settings.max_items:
                return None
            if len(items) == 1:
                number, full = self.number_of(items[0], (self.step, name, key, 0))
                return {key: {MESSAGE: str(number)} if full is None else [full]}
            known = self.once.numbers_of(items)
            if known is not None:
                return {key: {MESSAGE: known}}
            if any(message_type(type(item)) is None for item in items):
                return None
            return {key: self.told(items, (self.step, name, key))}
        return None

    def prompt(self, _: str, messages: list[Any]) -> None:
        """A model call's messages: their numbers, and those in full that the log does not have as they are now."""
        if not messages:
            return
        done, spans = self.once.prompt(messages)
        if done == len(messages):
            self.record["prompt"] = ranges(spans)
            return
        self.record["prompt"], new = self.numbers_of(messages[done:], spans)
        if new:
            self.record["messages"] = new

    def others(self, _: str, messages: list[Any]) -> None:
        """Further candidates that a model answered with."""
        _, self.record["messages"] = self.numbers_of(messages, [])

    def message(self, name: str, message: Any) -> None:
        """One message: its number where it is known, else in full."""
        number, full = self.number_of(message, (self.step, name))
        self.record[name] = number if full is None else full

    def tools(self, name: str, names: list[Any]) -> None:
        """The names of a model call's tools."""
        if self.settings.content == "none":
            return
        plain = names if is_plain_name(names, self.settings) else self.walker().name(names)
        is_short = plain is names and sum(map(len, names)) < _FEW_NAMES
        data = b"" if is_short else encode({"": plain})
        self.record[name] = plain if len(data) <= LONG else self.place_or(plain, data, (self.step, name))

    def tool_defs(self, name: str, value: Any) -> None:
        """What a run's log has once for each distinct value."""
        if self.settings.content == "none":
            return
        try:
            # A model call repeats its tools' definitions. This takes builtins alone, so no code of theirs runs; orjson
            # would ask an enum for its `value`, and die of one that raises.
            data = marshal.dumps(value, _NO_REFERENCES)
        except ValueError:
            data = None
        if (data is not None and data == self.once.last_unseen) or not self.is_unseen(name, value, data):
            return
        if data is not None and _plain_defs.get(data) is self.settings:
            self._put(name, value, [])
            return
        self.said(name, value)
        is_plain = not self._may_hold_secret() and self.record.get(name) is value
        if is_plain and data is not None and len(data) <= _LONGEST_DEFS:
            if len(_plain_defs) >= _MOST_DEFS:
                _plain_defs.clear()
            _plain_defs[data] = self.settings

    def error(self, name: str, error: Mapping[str, Any]) -> None:
        """An error's fields; never pointers, since its message is read where it stands."""
        walk = Walk(self.settings)
        self.record[name] = error_fields(walk, error)
        self.walker().add(walk)

    # -- content="none"

    def _leave_out(self) -> None:
        """Content as its size: what stays is what a bill or a timeline needs."""
        record = self.record
        for name in _NOT_IN_NONE:
            found = record.pop(name, None)
            if name == "documents" and type(found) is list:
                record[name] = [
                    {k: d[k] for k in ("id", "score") if k in d} for d in found if type(d) is dict
                ]
        left_out = self.left_out + (0 if self.walk is None else self.walk.left_out)
        if left_out and record["ev"] not in _SIZED_BY_TOKENS and "usage" not in record:
            record["chars"] = left_out


def error_fields(walk: Walk, error: Mapping[str, Any]) -> Record:
    """An error's fields: its message, its notes and the provider's words are content, its type and stack are names."""
    out: Record = {}
    for name, value in error.items():
        if name == "message" and type(value) is str:
            out[name] = walk.text(value, ())
        elif name == "notes" and type(value) is list:
            out[name] = [walk.value(note, 2, ()) for note in value]
        elif name == "causes" and type(value) is list:
            out[name] = [
                error_fields(walk, one) if "type" in one else {CUT: {"items": one["left_out"]}}
                for one in value
            ]
        else:
            out[name] = walk.name(value)
    return out


PUT: Final[dict[str, Callable[[Content, str, Any], None]]] = {
    **dict.fromkeys(_SAID, Content.said),
    "messages": Content.prompt,
    "others": Content.others,
    "message": Content.message,
    "tools": Content.tools,
    "tool_defs": Content.tool_defs,
    "error": Content.error,
}
