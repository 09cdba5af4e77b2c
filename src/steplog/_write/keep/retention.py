"""Which closed segments go: the oldest, as many as the limits of age and size ask for, and none that somebody needs."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from steplog._write.disk.private_files import posix
from steplog._write.keep.judge import Judge
from steplog._write.keep.segments import Segment, segment_at

_DAY_S: Final = 86_400
_NOT_SHIPPED: Final = "it was not shipped yet"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a directory is kept within: age of a segment's last line in days, size of all in bytes; 0 is no limit."""

    days: float
    bytes: int


@dataclass(slots=True)
class Stock:
    """The segments of a directory: how many bytes all of them take, and the oldest of them, oldest first."""

    total: int
    oldest: deque[Segment]


def trim(
    stock: Stock,
    limits: Limits,
    judge: Judge,
    *,
    now: float,
    shipped: frozenset[str] | None,
    delete: bool = True,
) -> Iterator[tuple[Segment, str]]:
    """Take the segments past the limits off the stock; gives each with why it stays, or with "" if it goes.

    Only as many are looked at as have to go. `now` in seconds since 1970; `shipped` are the names of those that were
    delivered, and no other goes; None where nobody ships them. Without `delete` nothing is really deleted.
    """
    while stock.oldest and _is_beyond(stock.oldest[0], stock.total, limits, now):
        segment = stock.oldest.popleft()
        is_held_back = shipped is not None and segment.plain_name not in shipped
        try:
            why = _NOT_SHIPPED if is_held_back else _delete(segment, judge, really=delete)
        except FileNotFoundError:  # another process deleted it, or compressed it
            stock.total -= segment.size
            other = segment_at(os.path.dirname(segment.path), segment.plain_name)  # noqa: PTH120 - pathlib is slow
            if other is not None:
                stock.total += other.size
                stock.oldest.appendleft(other)
            continue
        except OSError as error:
            why = f"it cannot be deleted: {error.strerror}"
        stock.total -= 0 if why else segment.size
        yield segment, why


def _is_beyond(segment: Segment, total: int, limits: Limits, now: float) -> bool:
    is_old = limits.days and now - segment.written > limits.days * _DAY_S
    return bool(is_old or (limits.bytes and total > limits.bytes))


def _delete(segment: Segment, judge: Judge, *, really: bool) -> str:
    """Why it was not deleted; empty if it was."""
    with judge.expendable(segment) as why:
        if not why and really:
            posix.unlink(segment.path)
    return why
