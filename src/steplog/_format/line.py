"""From a plain record to the bytes of one line, and nothing that could break a line into two."""

from __future__ import annotations

from typing import Any

import orjson

from steplog._format.record import Json, Record

# str.splitlines() and JavaScript break lines at these too; orjson escapes all below U+0020.
_BREAKS = (
    (b"\xe2\x80\xa8", b"\\u2028"),
    (b"\xe2\x80\xa9", b"\\u2029"),
    (b"\xc2\x85", b"\\u0085"),
)
_DELETE = b"\x7f"


def encode(record: Record) -> bytes:
    r"""One record of plain builtins as one JSON object, without a line end.

    Strings with lone surrogates, which UTF-8 cannot hold, are written with the surrogate as text (`\ud800`).
    """
    try:
        data = orjson.dumps(record)
    except TypeError:  # lone surrogates, the one thing `plain` lets through: searching each string costs more
        data = orjson.dumps(_without_surrogates(record))
    if _DELETE in data:
        data = data.replace(_DELETE, b"\\u007f")
    if not data.isascii():  # ten times cheaper than one search
        for char, escaped in _BREAKS:
            if char in data:
                data = data.replace(char, escaped)
    return data


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
    if isinstance(value, list):
        return [_without_surrogates(v) for v in value]
    return value
