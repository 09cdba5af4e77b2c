"""Runs to an OpenTelemetry backend as they end: each at least once, with the same ids, and after a restart from where it was."""

from __future__ import annotations

import os
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steplog._export.final import is_final
from steplog._export.otlp import Delivery, NotDelivered, endpoint, send
from steplog._read.errors import NotALog
from steplog._read.files.cache import cache_folder
from steplog._read.files.segments import log_path, segments
from steplog._read.log import read

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    from steplog._read.runs.run import Run

_POLL_SECONDS: Final = 1.0
_LOOKED_AT_ANEW: Final = 5  # polls, though no file grew: a process may have died meanwhile
_SLACK: Final = timedelta(hours=2)  # more than `iter_runs` looks back
_GIVEN_UP: Final = timedelta(days=7)
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def follow(
    path: str | os.PathLike[str] | None,
    *,
    stop: threading.Event,
    since: datetime | None = None,
    unfinished: bool = False,
    poll: float = _POLL_SECONDS,
) -> Iterator[Delivery | NotDelivered]:
    """Sends each run of the log at `path` once it is final, those that stand there (begun `since` then) first.

    Gives each delivery, and each failure of one, after which it is tried again. Ends when `stop` is set.
    """
    where = log_path(path)
    sent = Sent(where, os.environ)
    follower = _Follower(where, sent, since, unfinished=unfinished)
    while True:
        found = follower.sweep()
        if found is not None:
            yield found
        if stop.wait(poll):
            return


class Sent:
    """Which runs were taken: a line each in the user's cache directory, for this log and this backend."""

    def __init__(self, log: Path, environ: Mapping[str, str]) -> None:
        """What an earlier process noted is read; where there is no cache, it is known only as long as this one lives."""
        folder = cache_folder(environ)
        key = f"{log.absolute()}\n{endpoint()}".encode()
        self._file = (
            None if folder is None else folder / f"otlp-{blake2b(key, digest_size=6).hexdigest()}.sent"
        )
        self.runs: dict[str, datetime] = {}
        if self._file is not None and self._file.exists():
            for line in self._file.read_text("utf-8").splitlines():
                with suppress(ValueError):  # a line that a kill cut off: that run is sent once more
                    self.runs[line] = datetime.fromisoformat(line.partition(" ")[2])

    def __contains__(self, run: Run) -> bool:
        """Whether it was taken."""
        return _key(run) in self.runs

    def note(self, run: Run) -> None:
        """It was taken just now."""
        key = _key(run)
        self.runs[key] = run.started or _NEVER
        if self._file is None:
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._file, _FLAGS, 0o600), "a", encoding="utf-8") as file:
            file.write(f"{key}\n")

    def forget(self, before: datetime) -> None:
        """Runs begun before that are not looked at any more."""
        kept = {key: started for key, started in self.runs.items() if started >= before}
        if len(kept) > len(self.runs) // 2:
            return
        self.runs = kept
        if self._file is not None and self._file.exists():
            fresh = self._file.with_suffix(f".{os.getpid()}")
            fresh.write_text("".join(f"{key}\n" for key in kept), "utf-8")
            fresh.chmod(0o600)
            fresh.replace(self._file)


def _key(run: Run) -> str:
    return f"{run.id} {(run.started or _NEVER).isoformat()}"


@dataclass
class _Follower:
    """What is known between two looks at the log."""

    path: Path
    sent: Sent
    mark: datetime | None  # runs begun before that need no look
    unfinished: bool = field(kw_only=True)
    _stood: tuple[tuple[str, int], ...] | None = None
    _idle: int = 0

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
        due, mark = self._due()
        try:
            done = send((copy(run) for run in reversed(due)), unfinished=self.unfinished, each=self.sent.note)
        except NotDelivered as failure:
            return failure
        self._stood, self.mark = stands, mark
        if mark is not None:
            self.sent.forget(mark - _SLACK)
        return done if done.runs else None

    def _due(self) -> tuple[list[Run], datetime | None]:
        """The runs to send, newest first, and from when on runs are to be looked at next time."""
        due: list[Run] = []
        newest, waiting = self.mark, list[datetime]()
        oldest = datetime.now(UTC) - _GIVEN_UP
        for run in read(self.path).iter_runs(since=self.mark, newest_first=True):
            began = run.started or _NEVER
            newest = began if newest is None else max(newest, began)
            if run in self.sent:
                continue
            if is_final(run, unfinished=self.unfinished):
                due.append(run)
            elif began >= oldest:
                waiting.append(began)
        return due, min(waiting, default=newest)
