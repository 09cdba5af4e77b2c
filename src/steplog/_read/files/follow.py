"""A log while it grows: each line once, whole, soon after it was written."""

from __future__ import annotations

import heapq
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steplog._read.errors import NotALog
from steplog._read.files.lines import MAX_LINE, BadLine, Line, judge, read_lines
from steplog._read.files.segments import log_path, segments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

POLL_SECONDS: Final = 0.2
_FINGERPRINT: Final = 64
_BATCH_BYTES: Final = 1 << 20


@dataclass(slots=True)
class _Tail:
    """How far one file has been read: always to the end of a whole line."""

    file: Path
    identity: tuple[int, int] = (0, 0)
    offset: int = 0
    number: int = 1
    ending: bytes = b""

    def new_lines(self) -> Iterator[Line | BadLine]:
        """The whole lines since the last call; from the beginning if the file was replaced or truncated."""
        while batch := self._batch():
            yield from batch

    def _batch(self) -> list[Line | BadLine]:
        """Some of the new lines. The file is not kept open while somebody looks at them: it may change meanwhile."""
        try:
            with self.file.open("rb") as stream:
                self._check(stream)
                stream.seek(self.offset)
                return list(self._whole_lines(stream))
        except OSError:
            return []  # gone between two looks: its successor shows up by itself

    def _check(self, stream: BinaryIO) -> None:
        stat = os.fstat(stream.fileno())
        identity = (stat.st_dev, stat.st_ino)
        stream.seek(max(0, self.offset - len(self.ending)))
        # A file cut and written again beyond where we stood differs in the bytes before that place.
        if (
            identity != self.identity
            or stat.st_size < self.offset
            or stream.read(len(self.ending)) != self.ending
        ):
            self.identity, self.offset, self.number, self.ending = identity, 0, 1, b""

    def _whole_lines(self, stream: BinaryIO) -> Iterator[Line | BadLine]:
        end = self.offset + _BATCH_BYTES
        while raw := stream.readline(MAX_LINE):
            if not raw.endswith(b"\n") and len(raw) < MAX_LINE:
                return
            yield from judge(raw, self.file, self.number, self.offset)
            self.offset += len(raw)
            self.number += raw.endswith(b"\n")
            self.ending = raw[-_FINGERPRINT:]
            if self.offset > end:
                return


class _Tails:
    """The tails of all files of a log, also of those that come later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tails: dict[str, _Tail] = {}

    def sweep(self) -> Iterator[Line | BadLine]:
        """What has been written since the last sweep."""
        try:
            files = segments(self._path)
        except NotALog:
            return  # not there yet, or not anything of ours yet
        for file in files:
            # A segment compressed meanwhile has been read as a plain one; compressed ones do not grow.
            known = self._tails.get(file.name.removesuffix(".zst"))
            if known is None:
                known = self._tails[file.name.removesuffix(".zst")] = _Tail(file)
                if file.suffix == ".zst":
                    yield from read_lines(file)
                    continue
            if file.suffix != ".zst":
                yield from known.new_lines()
        present = {file.name.removesuffix(".zst") for file in files}
        for name in self._tails.keys() - present:
            del self._tails[name]


def follow(
    path: str | os.PathLike[str] | None = None,
    *,
    last: int | None = 0,
    poll: float = POLL_SECONDS,
    stop: threading.Event | None = None,
) -> Iterator[Line | BadLine]:
    """The lines of a log as they are written, in all its files, also new, truncated and replaced ones.

    First the `last` lines that stand there already (0: none, None: all), in order of time; then each new line
    within about `poll` seconds. Never a partial record. Waits for a path that does not exist yet. Ends when `stop` is
    set; else never.

    Raises: LogError if the directory may not be read.
    """
    ended = stop or threading.Event()
    tails = _Tails(log_path(path))
    standing = tails.sweep()
    yield from standing if last is None else newest(standing, last)
    while not ended.wait(poll):
        yield from tails.sweep()
    # What was written before `stop` was set belongs to the answer.
    yield from tails.sweep()


def newest(lines: Iterator[Line | BadLine], count: int) -> list[Line | BadLine]:
    """The `count` newest of `lines`, oldest first; a damaged line counts as old as the line before it."""
    dated: Iterator[tuple[str, int, Line | BadLine]] = _dated(lines)
    kept = heapq.nlargest(count, dated, key=lambda entry: entry[:2])
    return [line for _, _, line in reversed(kept)]


def _dated(lines: Iterator[Line | BadLine]) -> Iterator[tuple[str, int, Line | BadLine]]:
    ts = ""
    for place, line in enumerate(lines):
        if isinstance(line, Line):
            ts = line.record.get("ts") or ts
        yield ts, place, line
