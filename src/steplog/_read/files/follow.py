"""A log while it grows: each line once, whole, soon after it was written."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final

from steplog._read.errors import NotALog
from steplog._read.files.lines import BadLine, Line
from steplog._read.files.log_file import log_file
from steplog._read.files.newest import newest_lines
from steplog._read.files.segments import log_path, segments
from steplog._read.files.standing import plain_name
from steplog._read.files.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from steplog._read.files.sequence import Sequence

POLL_SECONDS: Final = 0.2
_LOOKED_AT: Final = 200  # files at one poll
_LATELY: Final = 60.0  # seconds: files that grew within them are looked at in each poll
_LISTED_ANEW: Final = 30.0  # seconds, though nothing says that a name has come
_COARSE: Final = 2.0  # seconds within which a directory may change twice and bear one time


def follow(
    path: str | os.PathLike[str] | None = None,
    *,
    last: int | None = 0,
    poll: float = POLL_SECONDS,
    stop: threading.Event | None = None,
) -> Iterator[Line | BadLine]:
    """The lines of a log as they are written, in all its files, also new, truncated and replaced ones.

    First the `last` lines that stand there now (0: none, None: all), in order of time; then each line that is written
    from now on, within about `poll` seconds. (Of more than some hundred files, those that have been silent for a minute
    are looked at in turns.) Never a partial record, and a line of a known writer only once, whatever becomes of its file.
    Waits for a path that does not exist yet. Ends when `stop` is set; else never.

    Raises: LogError if the directory may not be read.
    """
    tails = _Tails(log_path(path))
    standing = [] if last is None else tails.begin_at_end(last)
    return _followed(tails, standing, poll, stop or threading.Event())


def _followed(
    tails: _Tails, standing: list[Line | BadLine], poll: float, ended: threading.Event
) -> Iterator[Line | BadLine]:
    yield from standing
    yield from tails.sweep()
    while not ended.wait(poll):
        yield from tails.sweep()
    # What was written before `stop` was set belongs to the answer.
    yield from tails.sweep()


class _Tails:
    """The tails of all files of a log, also of those that come later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tails: dict[str, Tail] = {}
        self._standing: list[Tail] = []
        self._seen: dict[str, Sequence] = {}
        self._directory = (0, 0)
        self._listed_at = float("-inf")
        self._turn = 0

    def begin_at_end(self, count: int) -> list[Line | BadLine]:
        """Goes on from the ends of the files as they stand; gives the newest lines before that."""
        self._list()
        files = [(file, tail.skip_all()) for tail in self._standing if (file := log_file(tail.file))]
        return newest_lines(files, count)

    def sweep(self) -> Iterator[Line | BadLine]:
        """What has been written since the last sweep."""
        self._list()
        for tail in self._due():
            yield from tail.new_lines(self._seen)

    def _due(self) -> list[Tail]:
        """The files to look at now: all of them, unless there are very many."""
        tails = self._standing
        if len(tails) <= _LOOKED_AT:
            return tails
        now = time.time()
        lately = [tail for tail in tails if now - tail.changed < _LATELY]
        begin, self._turn = self._turn % len(tails), self._turn + _LOOKED_AT
        return [
            *lately,
            *(tail for tail in tails[begin : begin + _LOOKED_AT] if now - tail.changed >= _LATELY),
        ]

    def _list(self) -> None:
        """Looks for files, if any can have come or gone since they were listed."""
        if not self._may_have_changed():
            return
        try:
            files = segments(self._path)
        except NotALog:
            files = ()  # not there yet, or not anything of ours yet
        # A file that is gone may come back under its other name: how far it was read is not forgotten.
        self._standing = [self._tail(file) for file in files]

    def _tail(self, file: Path) -> Tail:
        name = plain_name(file.name)
        tail = self._tails.get(name)
        if tail is None:
            tail = self._tails[name] = Tail(file)
        return tail

    def _may_have_changed(self) -> bool:
        now, is_due = time.time(), time.monotonic() - self._listed_at > _LISTED_ANEW
        try:
            found = os.stat(self._path)  # noqa: PTH116 -- asked five times a second for as long as somebody looks
        except (OSError, ValueError):
            return True
        directory = (found.st_ino, found.st_mtime_ns)
        is_new = directory != self._directory or now - found.st_mtime < _COARSE
        if is_new or is_due:
            self._directory, self._listed_at = directory, time.monotonic()
        return is_new or is_due
