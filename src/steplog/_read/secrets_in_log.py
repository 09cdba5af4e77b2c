"""Secrets that stand in a log, by the rules of today: where they stand and of which kind they are, never what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from steplog._format.record import FIELD_NAMES, MARKERS
from steplog._format.zstd import open_segment, unreadable
from steplog._read.files.lines import MAX_LINE
from steplog._read.files.segments import segments
from steplog._secrets.environment import secrets_of_process
from steplog._secrets.known_values import KNOWN
from steplog._secrets.names import telling
from steplog._secrets.pairs import told_by_header, told_by_pair
from steplog._secrets.texts import secrets_in
from steplog._secrets.under_names import hides, is_schema

_COUNTS: Final = "masked"  # how many secrets of each kind were masked, by kinds that are telling names
_OUR_OWN: Final = FIELD_NAMES | {"message", "error", "argv0", "host", "frameworks", "python", "where"}


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """One secret: its file, its line from 1, its kind, and the line's field that it stands in, "" for none of ours."""

    file: Path
    line: int
    kind: str
    field: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look for secrets found; `unread` says of each file that could not be read to its end why not."""

    found: list[FoundSecret]
    unread: list[str]


def secrets_in_log(path: Path) -> Findings:
    """Every secret in the log at `path`, in the order of its lines; one of a kind for each field of a line.

    What this process holds in its environment and its `.env` under telling names is looked for as well.

    Raises: NotALog, LogError.
    """
    KNOWN.add(secrets_of_process())
    found: list[FoundSecret] = []
    unread: list[str] = []
    for file in segments(path):
        try:
            with open_segment(file) as stream:
                for number, raw in _numbered(stream):
                    found += (
                        FoundSecret(file, number, kind, field) for field, kind in dict.fromkeys(_in_line(raw))
                    )
        except (*unreadable(), ImportError) as error:
            unread.append(f"{file} cannot be read to its end: {error}")
    return Findings(found, unread)


def _numbered(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a stream with their numbers; a longer one than any writer makes comes in pieces."""
    number = 1
    while raw := stream.readline(MAX_LINE):
        yield number, raw
        number += raw.endswith(b"\n")


def _in_line(raw: bytes) -> Iterator[tuple[str, str]]:
    try:
        record: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        record = None
    if type(record) is not dict:  # half a line may hold half a secret
        yield from (("", kind) for _, _, kind in secrets_in(raw.decode("utf-8", "replace")))
        return
    for name, value in record.items():
        if name != _COUNTS:
            field = name if name in _OUR_OWN else ""
            yield from ((field, kind) for kind in _kinds({name: value}))


def _kinds(value: Any) -> Iterator[str]:
    """The kinds of all secrets in a value of JSON."""
    left = [value]  # no recursion: a log may nest deeper than Python does
    while left:
        value = left.pop()
        if type(value) is str:
            yield from (kind for _, _, kind in secrets_in(value))
        elif type(value) is list:
            told = told_by_header(value) if len(value) == 2 else None
            if told is not None and hides(told, value[1], {}):
                yield told.kind
            else:
                left += value
        elif type(value) is dict:
            yield from _kinds_under_keys(value, left)


def _kinds_under_keys(mapping: dict[str, Any], left: list[Any]) -> Iterator[str]:
    of_pair = told_by_pair(mapping)
    for name, value in mapping.items():
        yield from (kind for _, _, kind in secrets_in(name))
        told = of_pair if of_pair is not None and name in ("value", "Value") else telling(name)
        is_marker = type(value) is dict and not MARKERS.isdisjoint(value) and "$cut" not in value
        if told is not None and hides(told, value, mapping) and not is_schema(value) and not is_marker:
            yield told.kind if not secrets_in(name) else "secret"
        else:
            left.append(value)
