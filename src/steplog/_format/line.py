"""From a plain record to the bytes of one line, and nothing that could break a line into two."""

from __future__ import annotations

import re
from typing import Any

import orjson

from steplog._format.record import Json, Record

# Control characters that orjson leaves as they are (it escapes those below U+0020), and the line ends of
# str.splitlines() and JavaScript. Each begins with one of two bytes, for which memory is searched in no time.
_C1 = re.compile(b"\xc2[\x80-\x9f]")
_SEPARATORS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
DELETE = 0x7F  # asked for as a number: for bytes in bytes an exception is made and dropped


def encode(record: Record) -> bytes:
    r"""One record of plain builtins as one JSON object, without a line end.

    Strings with lone surrogates, which UTF-8 cannot hold, are written with the surrogate as text (`\ud800`).
    """
    try:
        data = orjson.dumps(record)
    except TypeError:  # lone surrogates, the one thing `plain` lets through: searching each string costs more
        data = orjson.dumps(_without_surrogates(record))
    return escaped(data)


def escaped(data: bytes) -> bytes:
    """What orjson gives, with the characters escaped that it leaves as they are."""
    if DELETE in data:
        data = data.replace(b"\x7f", b"\\u007f")
    if not data.isascii():  # ten times cheaper than one search
        if b"\xc2" in data:
            data = _C1.sub(_c1_escaped, data)
        if b"\xe2" in data:
            for char, written in _SEPARATORS:
                data = data.replace(char, written)
    return data


def _c1_escaped(char: re.Match[bytes]) -> bytes:
    return b"\\u00%02x" % char[0][1]


def decode(line: bytes) -> Record:
    """The record of one line; raises `ValueError` on what is no JSON object."""
    record = orjson.loads(line)
    if type(record) is not dict:
        raise ValueError("not a JSON object")
    return record


def _without_surrogates(value: Json) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(v) for v in value]
    return value
