"""The segments of one writer, or one file that several share: read from the end, as far as anybody asked."""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from steplog._format.zstd import open_segment, unreadable
from steplog._format.zstd_frames import frames
from steplog._read.files.digest import beginning_of, go_on
from steplog._read.files.log_file import PART_BYTES
from steplog._read.files.sequence import Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._read.files.digest import Digest, RunLines, WriterLines
    from steplog._read.files.log_file import LogFile, Parts

_LAST_BYTES: Final = 4096
_TIMES: Final = re.compile(rb'\n\{"seq":\d+,"ts":"([0-9TZ:.-]+)"')
_ANY_TIME: Final = "~"  # behind every `ts`
_SLACK: Final = 600  # seconds by which a writer's clock may be ahead of the file system's


class Series:
    """What is known of such files: of their newest lines first, and of no others.

    `unread` is a time that no line is behind which was not read yet; empty when all were. `waiting` are the runs that
    were found and not taken yet, the newest last; those whose start is lost come first. `seen` and `writers` are as in a
    `Digest`; `repeats`: a line was met twice. `read` are the parts that were read, the newest first, each with its file
    and its number in it. `gone` are files that were deleted meanwhile.
    """

    def __init__(self, files: list[LogFile], parts: Parts, *, is_read: bool = False) -> None:
        """The files in the order of their rotation; nothing is read but the time of the last line.

        is_read: they were read, and what they hold will be told.
        """
        self.files = files
        self.unread = "" if is_read else time_of_last_line(files[-1])
        self.waiting: deque[RunLines] = deque()
        self.seen: dict[str, Sequence] = {}
        self.writers: dict[str, WriterLines] = {}
        self.repeats = False
        self.read: list[tuple[LogFile, int, Digest]] = []
        self.gone: list[LogFile] = []
        self._parts = parts
        self._left = list(files)
        self._part = -1  # of the last file left, -1 for its last
        self._begun_before: dict[str, RunLines] = {}

    def read_on(self) -> None:
        """Reads the part before what is known."""
        file = self._left[-1]
        part = self._part if self._part >= 0 else len(self._parts.of(file)) - 1
        found = self._parts.digest(file, part)
        if found is None:
            self.gone.append(file)
            part = 0
        else:
            self._take(file, part, found)
        self._part = part - 1
        if not part:
            self._left.pop()
        if not self._left:
            self.unread = ""
            self._settle_lost()
            self._parts.save()

    def _settle_lost(self) -> None:
        """Lines whose start is nowhere before them, since somebody sorted them anew, or since it is lost."""
        lost = self._begun_before
        begun: dict[str, list[RunLines]] = {run: [] for run in lost}
        for _, _, found in self.read if lost else ():
            for run in found.runs:
                if run.start is not None and run.id in begun:
                    begun[run.id].append(run)
        alone: list[RunLines] = []
        for run in in_order(lost.values()):
            mine = beginning_of(run, begun[run.id])
            if mine is not None:
                go_on(mine, run)
            else:
                alone.append(run)
        self.waiting.extendleft(reversed(alone))

    def _take(self, file: LogFile, part: int, found: Digest) -> None:
        self.unread = min(self.unread, found.since or self.unread)
        self.read.append((file, part, found))
        for run, mine in found.current.items():
            later = self._begun_before.pop(run.decode("utf-8", "replace"), None)
            if later is not None:
                go_on(mine, later)
        found.current.clear()
        for run in reversed(found.runs):
            if run.start is not None:
                self.waiting.appendleft(run)
            else:
                self._begun_before[run.id] = run
        self.repeats = not note_seen(self.seen, found.seen) or self.repeats
        for writer, said in found.writers.items():
            known = self.writers.setdefault(writer, said)
            known.opened = known.opened or said.opened


def note_seen(seen: dict[str, Sequence], more: dict[str, Sequence]) -> bool:
    """Adds the numbers of lines, by writer; False if any was there already."""
    are_new = True
    for writer, numbers in more.items():
        mine = seen.setdefault(writer, Sequence())
        for first, last in zip(numbers.starts, numbers.ends, strict=True):
            are_new = mine.add_range(first, last) and are_new
    return are_new


def in_order(runs: Iterable[RunLines]) -> list[RunLines]:
    """Runs, or parts of runs, of one series in the order of their lines: a writer's numbers say it."""
    return sorted(runs, key=lambda run: (run.seq, run.begins))


def time_of_last_line(file: LogFile) -> str:
    """The `ts` of a file's last line, or a time that is behind it."""
    try:
        with open_segment(file.form) as stream:
            if not file.is_packed:
                stream.seek(max(0, file.size - _LAST_BYTES))
            elif len(found := frames(file.form)) > 1:
                stream.seek(found[-1].start)
            else:  # what version 0.1 packed: all of it would have to be unpacked
                return datetime.fromtimestamp(file.mtime + _SLACK, UTC).isoformat()
            times = _TIMES.findall(stream.read(PART_BYTES))
    except (OverflowError, ImportError, *unreadable()):
        return _ANY_TIME
    return times[-1].decode() if times else _ANY_TIME
