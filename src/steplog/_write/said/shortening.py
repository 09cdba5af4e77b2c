"""How much a line that came out too long may keep of what it says: its longest texts are cut first, and to one length."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any, ClassVar, Final

from orjson import dumps

from steplog._format.line import encode, escaped
from steplog._format.record import CUT, LONG, Json, Record
from steplog._write.settings.settings import Settings

_FEWEST: Final = 10  # items of one container
_OF_A_CUT: Final = 256  # bytes that the mark of a cut takes besides what is kept
_SPARE: Final = 8  # parts of a limit by which the next one is lower at least, so that an end is reached


class Shorter(Settings):
    """Settings under which a line is made anew that was too long under those that a program chose."""

    limited_by: ClassVar[str] = "max_line_bytes"


def shorter(settings: Settings, record: Record, size: int, most: int) -> Settings | None:
    """The settings under which a line of `size` bytes should fit into `most`; None where no shorter texts would help."""
    limit = _longest_text(record, size, most)
    lower = settings.max_value_bytes - settings.max_value_bytes // _SPARE
    if limit is not None and min(limit, lower) >= LONG:
        return _with(settings, max_value_bytes=min(limit, lower))
    items = settings.max_items * most // size
    lower = settings.max_items - settings.max_items // _SPARE
    if min(items, lower) >= _FEWEST and lower < settings.max_items:
        return _with(settings, max_items=min(items, lower))
    return None


def _with(settings: Settings, **changed: Any) -> Settings:
    return Shorter(**{**{f.name: getattr(settings, f.name) for f in fields(settings)}, **changed})


def _longest_text(record: Record, size: int, most: int) -> int | None:
    """The length, in characters, to which texts must be cut for all of them to fit; None where that helps nothing."""
    texts, unread = _texts_in(record)
    found = [(_written(text), len(text)) for text in texts]
    widest = max(
        (written / length for written, length in found), default=1.0
    )  # bytes a character, with escapes
    room = most - (size - sum(written for written, _ in found))
    lengths = sorted([written for written, _ in found] + [int(n * widest) for n in unread])
    for nth, length in enumerate(lengths):
        share = room // (len(lengths) - nth)
        if length > share:
            return max(0, int((share - _OF_A_CUT) / widest))
        room -= length
    return None


def _texts_in(record: Record) -> tuple[list[str], list[int]]:
    """All longer texts in a record of plain values; and the lengths of those that were too many to be looked at."""
    found: list[str] = []
    unread: list[int] = []
    waiting: list[Collection[Any]] = [record]
    for container in waiting:  # grows meanwhile
        cut = container.get(CUT) if type(container) is dict else None
        if type(cut) is dict and "tail" in cut:
            found.append(cut["head"] + cut["tail"])
            continue
        if type(cut) is dict and "chars" in cut:
            unread.append(cut["chars"])
        # Copied in one call of C: some of it is the program's own, and another thread may change it.
        inside: list[Json] = [*container.values()] if type(container) is dict else [*container]
        for value in inside:
            if type(value) is str:
                if len(value) > LONG:
                    found.append(value)
            elif type(value) in (dict, list, tuple):
                waiting.append(value)
    return found, unread


def _written(text: str) -> int:
    """How many bytes a text takes in a line."""
    try:
        return len(escaped(dumps(text)))
    except TypeError:  # lone surrogates
        return len(encode({"": text}))
