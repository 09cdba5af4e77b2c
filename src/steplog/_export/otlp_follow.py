"""Runs to an OpenTelemetry backend as they end: each at least once, with the same ids, and after a restart from where it was."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from steplog._export.final import is_final
from steplog._export.otlp import Delivery, NotDelivered, send
from steplog._export.otlp_sent import NEVER, Sent, key_of
from steplog._read.errors import NotALog
from steplog._read.files.segments import log_path, segments
from steplog._read.log import read

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from steplog._format.record import Content
    from steplog._read.runs.run import Run

_POLL_SECONDS: Final = 1.0
_LOOKED_AT_ANEW: Final = 5  # polls, though no file grew: a process may have died meanwhile
_SLACK: Final = timedelta(hours=1)  # by which a run may begin, by its clock, before one that was seen earlier
_LATE: Final = timedelta(days=7)  # a run that has no end for so long is looked at seldom
_LATE_SECONDS: Final = 600.0


def follow(
    path: str | os.PathLike[str] | None,
    *,
    stop: threading.Event,
    since: datetime | None = None,
    unfinished: bool = False,
    content: Content = "full",
    poll: float = _POLL_SECONDS,
) -> Iterator[Delivery | NotDelivered]:
    """Sends each run of the log at `path` once it is final, those that stand there (begun `since` then) first.

    Gives each delivery, and each failure of one, after which it is tried again. Ends when `stop` is set; runs that have no
    end by then are the `skipped` ones of a last delivery.
    """
    where = log_path(path)
    sent = Sent(where, os.environ)
    follower = _Follower(where, sent, stop, since, unfinished=unfinished, content=content)
    while True:
        found = follower.sweep()
        if found is not None:
            yield found
        if stop.wait(poll):
            break
    if follower.waiting:
        yield Delivery(skipped=follower.waiting)


@dataclass
class _Look:
    """What one look at the log found."""

    due: list[Run] = field(default_factory=list["Run"])  # newest first
    waiting: dict[str, datetime] = field(default_factory=dict[str, datetime])  # by `key_of`: without an end
    late: dict[str, datetime] = field(
        default_factory=dict[str, datetime]
    )  # of these, those that began long ago
    seen: set[str] = field(default_factory=set[str])
    newest: datetime | None = None

    def mark(self) -> datetime | None:
        """From when on runs are to be looked at next time."""
        return min(
            (began for key, began in self.waiting.items() if key not in self.late), default=self.newest
        )


@dataclass
class _Follower:
    """What is known between two looks at the log."""

    path: Path
    sent: Sent
    stop: threading.Event
    since: datetime | None
    unfinished: bool = field(kw_only=True)
    content: Content = field(kw_only=True)
    _mark: datetime | None = None  # runs begun before that need no look, but for the late ones
    _last: _Look = field(default_factory=_Look)
    _looked_at_late: float = field(default_factory=time.monotonic)
    _stood: tuple[tuple[str, int], ...] | None = None
    _idle: int = 0

    @property
    def waiting(self) -> list[str]:
        """The ids of the runs that may still get an end."""
        return sorted({key.partition(" ")[0] for key in self._last.waiting})

    def sweep(self) -> Delivery | NotDelivered | None:
        """Sends what has become final; None if nothing has."""
        try:
            stands = tuple((str(file), file.stat().st_size) for file in segments(self.path))
        except (NotALog, FileNotFoundError):
            return None  # not there yet, or packed at this moment
        self._idle += 1
        if stands == self._stood and self._idle < _LOOKED_AT_ANEW:
            return None
        self._idle = 0
        look = self._look()
        try:
            due = takewhile(lambda _: not self.stop.is_set(), reversed(look.due))
            done = send(due, unfinished=self.unfinished, content=self.content, each=self.sent.note)
        except NotDelivered as failure:
            return failure
        self._last = look
        if not self.stop.is_set():
            if self._mark is None and self.since is None:
                self.sent.keep_only(look.seen)
            self._stood, self._mark = stands, look.mark()
            if self._mark is not None:
                self.sent.forget(self._mark - _SLACK)
        return done if done.runs else None

    def _look(self) -> _Look:
        """The runs to send, and those that wait; at times also those that have waited for long."""
        window = self.since if self._mark is None else max(self._mark - _SLACK, self.since or NEVER)
        since, late, look = window, self._last.late, _Look(newest=self._last.newest)
        if late and time.monotonic() - self._looked_at_late >= _LATE_SECONDS:
            self._looked_at_late = time.monotonic()
            since = min(late.values())
        else:
            look.late, look.waiting = dict(late), dict(late)
        oldest = datetime.now(UTC) - _LATE
        runs = read(self.path).iter_runs(since=since, newest_first=True)
        for run in takewhile(lambda _: not self.stop.is_set(), runs):
            key, began = key_of(run), run.started or NEVER
            look.seen.add(key)
            if run.started is not None:
                look.newest = max(look.newest or began, began)
            if run in self.sent or (window is not None and began < window and key not in late):
                continue
            if is_final(run, unfinished=self.unfinished):
                look.due.append(run)
                continue
            look.waiting[key] = began
            if began < oldest:
                look.late[key] = began
        return look
