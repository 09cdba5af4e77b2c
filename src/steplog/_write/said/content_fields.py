"""Fields that hold what was said: put as they are where a quick look allows it, else walked; each message once."""

from __future__ import annotations

import marshal
from typing import Any, Final

from steplog._format.line import encode
from steplog._format.record import DOCUMENT_FIELDS, LONG, MESSAGE, Json
from steplog._secrets.texts import may_hold_secret
from steplog._write.safe.blobs import digest_of
from steplog._write.safe.plain_names import KEYS, is_harmless, is_plain_name
from steplog._write.safe.quick_check import MANY, plain_texts
from steplog._write.safe.secrets import FORGET
from steplog._write.said.line import Line
from steplog._write.said.message_types import message_type
from steplog._write.said.plain_fields import misshapen
from steplog._write.settings.settings import Settings

CONTENT: Final = frozenset((
    "input", "output", "args", "result", "query", "documents", "value", "data", "metadata", "extra", "messages",
    "message",
))  # fmt: skip
_SIZED_BY_TOKENS: Final = ("run.start", "run.end", "llm.start")
_FEW_NAMES: Final = 128  # characters of tool names that are shorter than a pointer to where they stand
_TEXT: Final = frozenset({str})
_SHAPES: Final = {"id": (str,), "score": (int, float)}  # of a document's fields, where there is one
# Definitions of tools, as bytes, that need no walk under these settings: a program's runs repeat them.
_plain_tool_defs: dict[bytes, Settings] = {}
FORGET.append(_plain_tool_defs.clear)
_MOST_TOOL_DEFS: Final = 64
_LONGEST_TOOL_DEFS: Final = 64 * 1024
_NO_REFERENCES: Final = 0  # the version of marshal's format in which equal values have equal bytes


def put_value(line: Line, name: str, value: Any) -> None:
    """Any value of the program's: as it is where a quick look allows it; with content="none" its characters are counted."""
    settings = line.settings
    messages = _messages_in(line, name, value) if type(value) is dict and len(value) == 1 else None
    if messages is not None:
        line.record[name] = messages
        return
    texts: list[str] | None = None
    if settings.is_whole or (settings.is_bare and name != "documents"):
        try:
            texts = plain_texts((value,), settings, LONG if settings.is_whole else MANY)
        except RuntimeError:  # another thread changes it; the walk copies before it looks
            texts = None
    if texts is None:
        line.record[name] = line.walker().field(name, value)
    elif settings.is_whole:
        _put_as_it_is(line, name, value, texts)
    else:
        line.left_out += sum(map(len, texts))


def _put_as_it_is(line: Line, name: str, value: Any, texts: list[str]) -> None:
    """A value as it is, to be walked after all if these texts of it hold a secret."""
    line.record[name] = value
    line.needs_look = True
    if line.as_they_are is None:
        line.as_they_are, line.texts = {name: value}, texts
    else:
        line.as_they_are[name] = value
        line.texts = [*line.texts, *texts]


def _messages_in(line: Line, name: str, value: dict[Any, Any]) -> Json:
    """What a graph's node gives back most of the time: a dict with a list of messages. None for anything else."""
    if line.settings.redactor is not None:  # it sees each key
        return None
    for key, items in tuple(value.items()):
        if type(items) is not list or not items or message_type(type(items[0])) is None:
            return None
        if (
            type(key) is not str
            or not (key in KEYS or is_harmless(key))
            or len(items) > line.settings.max_items
        ):
            return None
        if len(items) == 1:
            number, full = line.number_of(items[0], (name, key, 0))
            return {key: {MESSAGE: str(number)} if full is None else [full]}
        if any(message_type(type(item)) is None for item in items):
            return None
        return {key: line.list_of(items, (name, key))}
    return None


def put_dict(line: Line, name: str, value: Any) -> None:
    """The program's own names and values."""
    if type(value) is dict:
        if value:
            put_value(line, name, value)
        return
    plain = line.walker().field(name, value)
    if type(plain) is dict:
        line.record[name] = plain
    else:
        misshapen(line, name, value, "a dict")


def put_documents(line: Line, name: str, value: Any) -> None:
    """What a retriever found, or a reranker put in order."""
    documents = [_document(one) for one in (value if type(value) is list else [value])]
    if documents:
        put_value(line, name, documents)


def _document(value: Any) -> Any:
    """A document in the format's words: what it has no word for is its metadata, and what is no dict its content."""
    if type(value) is not dict:
        return {} if value is None else {"content": value}
    document: dict[Any, Any] = {}
    others: dict[Any, Any] = {}
    for key, part in value.copy().items():
        if type(key) is str and key == "id" and type(part) is int:
            document["id"] = str(part)
        elif part is not None:
            is_known = (
                type(key) is str and key in DOCUMENT_FIELDS and type(part) in _SHAPES.get(key, (type(part),))
            )
            (document if is_known else others)[key] = part
    if others:
        given = document.get("metadata")
        more = {} if given is None else given if type(given) is dict else {"metadata": given}
        document["metadata"] = {**more, **others}
    return document


def put_prompt(line: Line, _: str, value: Any) -> None:
    """A model call's messages: their numbers, and those in full that the log does not have as they are now."""
    if type(value) is not list:
        is_text = type(value) is str
        value = (
            list(value)
            if type(value) is tuple
            else [{"role": "user", "content": value} if is_text else value]
        )
    if value:
        line.record["prompt"], new = line.prompt(value)
        if new:
            line.record["messages"] = new


def put_candidates(line: Line, _: str, value: Any) -> None:
    """Further candidates that a model answered with."""
    found = [line.number_of(one, ("messages", i)) for i, one in enumerate(value)]
    if found:
        line.record["messages"] = [number if full is None else full for number, full in found]


def put_message(line: Line, name: str, value: Any) -> None:
    """One message: its number where it is known, else in full."""
    if type(value) is str:
        value = {"role": "tool" if line.record["ev"] == "tool.end" else "assistant", "content": value}
    number, full = line.number_of(value, (name,))
    line.record[name] = number if full is None else full


def put_tools(line: Line, name: str, value: Any) -> None:
    """The names of a model call's tools."""
    if line.settings.content == "none":
        return
    names = value.copy() if type(value) is list else value
    if is_plain_name(names, line.settings):
        if sum(map(len, names)) < _FEW_NAMES:
            line.record[name] = names
            return
    else:
        names = line.walker().name(value)
        if type(names) is not list or not _TEXT.issuperset(map(type, names)):
            misshapen(line, name, value, "a list of texts; definitions go under tool_defs")
            return
    if names:
        data = encode({"": names})
        line.record[name] = names if len(data) <= LONG else line.place_or(names, data, (name,))


def put_tool_defs(line: Line, name: str, value: Any) -> None:
    """What a run's log has once for each distinct value."""
    if line.settings.content == "none":
        return
    if type(value) is not list:
        misshapen(line, name, value, "a list")
        return
    try:
        # A model call repeats its tools' definitions. This takes builtins alone, so no code of theirs runs; orjson would
        # ask an enum for its `value`, and die of one that raises.
        data = marshal.dumps(value, _NO_REFERENCES)
    except ValueError:
        data = None
    if not value or (data is not None and data == line.memory.last_tool_defs):
        return
    seen = digest_of(encode({name: line.walker().field(name, value)}) if data is None else data)
    if seen in line.memory.places:
        line.memory.last_tool_defs = data
        return
    line.places[seen] = (line.record.get("step", 0), name)
    if data is not None and _plain_tool_defs.get(data) is line.settings:
        _put_as_it_is(line, name, value, [])
        return
    put_value(line, name, value)
    is_plain = line.record.get(name) is value and not holds_secret(line)
    if is_plain and data is not None and len(data) <= _LONGEST_TOOL_DEFS:
        if len(_plain_tool_defs) >= _MOST_TOOL_DEFS:
            _plain_tool_defs.clear()
        _plain_tool_defs[data] = line.settings


# -- when all fields are put


def finish(line: Line) -> None:
    """Put what has no field of its own; walk what was put as it is, where it may hold a secret; leave out content."""
    if line.extra:
        put_value(line, "extra", line.extra)
    if holds_secret(line):
        walk_all(line)
    if line.settings.content == "none":
        leave_out(line)


def holds_secret(line: Line) -> bool:
    """Whether one of the texts that were put as they are may be a secret."""
    return bool(line.texts) and line.settings.redact and may_hold_secret("\n".join(line.texts))


def walk_all(line: Line) -> None:
    """Walk all that was put as it is."""
    for name, value in (line.as_they_are or {}).items():
        line.record[name] = line.walker().field(name, value)
    line.as_they_are = None


def leave_out(line: Line) -> None:
    """With content="none": content as its size; what stays is what a bill or a timeline needs."""
    record = line.record
    for name in CONTENT:
        said = record.pop(name, None)
        if name == "documents" and type(said) is list:
            record[name] = [{k: d[k] for k in ("id", "score") if k in d} for d in said if type(d) is dict]
    characters = line.left_out + (0 if line.walk is None else line.walk.left_out)
    if characters and record["ev"] not in _SIZED_BY_TOKENS and "usage" not in record:
        record["chars"] = characters
