"""Fields that hold names and numbers: put into a line's record in the form that the format has, else under `extra`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steplog._format.record import CUT, ERROR_FIELDS, LONG, USAGE_FIELDS, Record
from steplog._secrets.texts import may_hold_secret
from steplog._write.misnamed import tell_misshapen, tell_unknown
from steplog._write.safe.exceptions import describe
from steplog._write.safe.plain_names import is_plain_name
from steplog._write.safe.safe_read import mro_of
from steplog._write.safe.walk import Walk
from steplog._write.said.line import Line

_FAR: Final = 2**53  # beyond, a number may be more than JSON holds; NaN compares as beyond
_USAGE: Final = frozenset(USAGE_FIELDS)
_CHECKPOINT: Final = frozenset(("thread_id", "ns", "id"))
_TEXT: Final = frozenset({str})
_INT: Final = frozenset({int})


def misshapen(line: Line, name: str, value: Any, shape: str) -> None:
    """A field that holds what it cannot hold: it goes under `extra`, and one warning says what `shape` it has."""
    tell_misshapen(line.record["ev"], name, shape)
    line.extra = {**(line.extra or {}), name: value}
    line.needs_look = True


def put_text(line: Line, name: str, value: Any) -> None:
    """A name."""
    plain = value if type(value) is str and is_plain_name(value, line.settings) else line.walker().name(value)
    if type(plain) is dict and CUT in plain:
        plain = plain[CUT].get("head")
    elif type(plain) in (int, float):
        plain = str(plain)
    if type(plain) is not str:
        misshapen(line, name, value, "a text")
    elif plain:
        line.record[name] = plain


def put_texts(line: Line, name: str, value: Any) -> None:
    """Names, at least one."""
    names = list(value) if type(value) in (list, tuple) else [value]
    if is_plain_name(names, line.settings):
        line.record[name] = names
        return
    names = [line.walker().name(one) for one in names]
    if not _TEXT.issuperset(map(type, names)):
        misshapen(line, name, value, "a list of texts")
    elif names:
        line.record[name] = names


def put_integer(line: Line, name: str, value: Any) -> None:
    """A whole number."""
    if type(value) is int and -_FAR < value < _FAR:
        line.record[name] = value
    else:
        misshapen(line, name, value, "a whole number")


def put_duration(line: Line, name: str, value: Any) -> None:
    """Milliseconds."""
    if (type(value) is int or type(value) is float) and 0 <= value < _FAR:
        line.record[name] = value
    else:
        misshapen(line, name, value, "a number from 0")


def put_count(line: Line, name: str, value: Any) -> None:
    """How many there are."""
    if type(value) is int and 0 <= value < _FAR:
        line.record[name] = value
    else:
        misshapen(line, name, value, "a whole number from 0")


def put_ordinal(line: Line, name: str, value: Any) -> None:
    """Which one of several it is."""
    if type(value) is int and 0 < value < _FAR:
        line.record[name] = value
    else:
        misshapen(line, name, value, "a whole number from 1")


def put_yes(line: Line, name: str, value: Any) -> None:
    """True where it is so."""
    if type(value) is not bool:
        misshapen(line, name, value, "True or left out")
    elif value:
        line.record[name] = value


def put_params(line: Line, name: str, value: Any) -> None:
    """Settings by name: no content, kept whatever the content policy."""
    plain = line.walker().name(value)
    if type(plain) is not dict:
        misshapen(line, name, value, "a dict")
    elif plain:
        line.record[name] = plain


def put_checkpoint(line: Line, name: str, value: Any) -> None:
    """Where a graph goes on from."""
    if type(value) is not dict or not _CHECKPOINT.issuperset(value):
        misshapen(line, name, value, f"a dict of {', '.join(sorted(_CHECKPOINT))}")
        return
    texts = [*value.values()]
    is_plain = line.settings.redactor is None and _TEXT.issuperset(map(type, texts))
    if not is_plain or max(map(len, texts), default=0) > LONG or may_hold_secret("\n".join(texts)):
        walked = line.walker().name(value)
        value = {key: text for key, text in walked.items() if type(text) is str}
    if value:
        line.record[name] = value


def put_usage(line: Line, name: str, value: Any) -> None:
    """Tokens by name."""
    if type(value) is dict and _USAGE.issuperset(value):
        tokens = [*value.values()]
        if not tokens:
            return
        if _INT.issuperset(map(type, tokens)) and min(tokens) >= 0 and max(tokens) < _FAR:
            line.record[name] = value.copy()
            return
    known: dict[str, int] = {}
    others: dict[Any, Any] = {}
    for key, count in value.items() if type(value) is dict else ():
        if type(key) is str and key in _USAGE and type(count) is int and 0 <= count < _FAR:
            known[key] = count
        else:
            others[key] = count
            tell_unknown(f"token count of {line.record['ev']}", key, USAGE_FIELDS, "written under `extra`")
    line.extra = {**(line.extra or {}), name: others or value}
    line.needs_look = True
    if known:
        line.record[name] = known


class Failure(dict[str, Any]):
    """The fields of an error as they were read from an exception by the recorder, for `put_error`."""


def put_error(line: Line, name: str, value: Any) -> None:
    """What went wrong: an exception, a text, or the fields of an error."""
    if BaseException in mro_of(type(value)):
        value = Failure(describe(value))
    elif type(value) is str:
        value = Failure(message=value)
    if type(value) is not Failure:
        told, value = value, Failure()
        for key, part in told.items() if type(told) is dict else ():
            if type(key) is str and type(part) in ERROR_FIELDS.get(key, ()):
                value[key] = part
        if not value or len(value) < len(told):
            misshapen(line, name, told, f"an exception, a text, or a dict of {', '.join(ERROR_FIELDS)}")
    if value:
        line.record[name] = error_fields(line.walker(), {"type": "Error", **value})


def error_fields(walk: Walk, error: Mapping[str, Any]) -> Record:
    """An error's fields: its message, its notes and the provider's words are content, its type and stack are names."""
    out: Record = {}
    for name, value in error.items():
        if name == "message":
            out[name] = walk.text(value, ()) if type(value) is str else walk.value(value, 1, ())
        elif name == "notes" and type(value) is list:
            out[name] = [walk.value(note, 2, ()) for note in value]
        elif name == "causes" and type(value) is list:
            out[name] = [
                error_fields(walk, one) if "type" in one else {CUT: {"items": one["left_out"]}}
                for one in value
            ]
        elif value is not None:
            out[name] = walk.name(value)
    return out
