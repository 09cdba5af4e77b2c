"""A log while it is followed: a row for each run, kept up to date line by line, and who wants to hear of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._format.segment_name import writer_in_name
from steplog._read.errors import LogError
from steplog._read.files.follow import follow
from steplog._read.files.lines import BadLine
from steplog._read.files.segments import log_path, segments
from steplog._view import prices
from steplog._view.data import Row, WholeRun
from steplog._view.entry import Entry, Writer
from steplog._view.newest import newest_rows
from steplog._view.noted import noted_state, notes_of
from steplog._view.rows import RowBuilder
from steplog._view.run_lines import Span

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from steplog._format.record import Record
    from steplog._read.files.lines import Line

POLL_SECONDS: Final = 0.1
_CHECK_SECONDS: Final = 1.0  # how often it is looked whether the processes of open runs live
_TELL_SECONDS: Final = 0.5  # how often it is told how far the first reading is
_MOST_NOTICES: Final = 50


@dataclass(frozen=True, slots=True)
class Change:
    """What has happened since the last one: the runs that have new lines, and how the log is, if that has changed."""

    entries: list[Entry]
    state: dict[str, Any] | None


class _Turn(threading.Event):
    """The `stop` of `follow`, which is waited for each time everything there is has been read."""

    def __init__(self, reached: Callable[[], None]) -> None:
        super().__init__()
        self._reached = reached

    def wait(self, timeout: float | None = None) -> bool:
        self._reached()
        return super().wait(timeout)


class Catalogue:
    """The runs of a log. One thread reads, from `start` to `stop`; everybody may ask."""

    def __init__(self, path: str | os.PathLike[str] | None, told: Callable[[Change], None]) -> None:
        self.path = log_path(path)
        self._told = told
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._current: dict[str, Entry] = {}
        self._open: dict[str, Entry] = {}  # those without an end
        self._writers: dict[str, Writer] = {}
        self._owners: dict[Path, str] = {}
        self._dirty: dict[str, Entry] = {}
        self._damage: dict[Path, list[tuple[int, str]]] = {}
        self._notices: dict[str, None] = {}
        self._first: list[Row] = []  # the newest runs, until all are read
        self._is_read = threading.Event()
        self._read_bytes = self._total_bytes = 0
        self._last_check = self._last_told = 0.0
        self._gone: float | None = None
        self._noted = ""
        self._known_state: dict[str, Any] = {}
        self._turn = _Turn(self._reached)
        self._thread = threading.Thread(target=self._follow, name="steplog-view", daemon=True)

    def start(self) -> None:
        """Begins to read: the newest runs at once, the others meanwhile."""
        self._total_bytes = _size(self.path)
        self._first = newest_rows(self.path)
        self._thread.start()

    def stop(self) -> None:
        """Ends reading."""
        self._turn.set()
        self._thread.join(timeout=2)

    def wait_until_read(self, seconds: float) -> bool:
        """Waits until every line there was at the start has been read; whether it has."""
        return self._is_read.wait(seconds)

    def rows(self, begin: int, end: int) -> tuple[list[Any], int]:
        """Rows of the list as JSON, newest first, and how many there are; until all lines are read, the newest runs only."""
        if not self._is_read.is_set():
            return self._first[begin:end], len(self._first)
        with self._lock:
            entries = sorted(self._entries.values(), key=lambda entry: entry.started, reverse=True)
            for entry in entries[begin:end]:
                if entry.key in self._dirty:
                    entry.look()  # its line has just come: nobody has seen yet whether its process lives
            return [entry.row_json() for entry in entries[begin:end]], len(entries)

    def rows_of(self, entries: Iterable[Entry]) -> list[orjson.Fragment]:
        """The rows of some runs, as they are now."""
        with self._lock:
            return [entry.row_json() for entry in entries]

    def whole(self, key: str) -> WholeRun | None:
        """A run's lines; None if there is no such run."""
        entry = self._entry(key)
        if entry is None:
            return None
        with self._lock:
            row, spans = entry.row(), [Span(s.file, s.offset, s.number, s.last) for s in entry.spans.values()]
            costs = entry.costs_json()
        return WholeRun(row, spans, entry.opened, self._damage_of(spans), costs=costs)

    def _entry(self, key: str) -> Entry | None:
        # A run that the list shows already, and that the reading has not come to yet.
        if key not in self._entries and any(row["key"] == key for row in self._first):
            self._is_read.wait(60)
        found = self._entries.get(key)
        if found is None and len(key) >= 4:
            fits = [entry for name, entry in self._entries.items() if name.startswith(key)]
            found = fits[-1] if fits and len({entry.run for entry in fits}) == 1 else None
        return found

    def _damage_of(self, spans: Iterable[Span]) -> list[str]:
        return [
            reason
            for span in spans
            for offset, reason in self._damage.get(span.file, [])
            if span.offset <= offset <= span.last
        ]

    def state(self) -> dict[str, Any]:
        """How the log is, for the page."""
        state: dict[str, Any] = {
            "path": str(self.path), "now": time.time() * 1000, "live": True,
            "notices": list(self._notices)[:_MOST_NOTICES], "prices": prices.are_known(),
        }  # fmt: skip
        if not self._is_read.is_set():
            state["reading"] = {"read": self._read_bytes, "total": self._total_bytes}
        if self._gone is not None:
            state["gone"] = self._gone
        if self._noted:
            state["noted"] = self._noted
        return state

    def _follow(self) -> None:
        try:
            for found in follow(self.path, last=None, poll=POLL_SECONDS, stop=self._turn):
                if isinstance(found, BadLine):
                    self._take_bad(found)
                else:
                    self._take(found)
                if not self._is_read.is_set() and time.monotonic() - self._last_told > _TELL_SECONDS:
                    self._last_told = time.monotonic()
                    self._settle()
                    self._read_bytes = _before(self.path, found.file) + found.offset
                    self._tell([])
        except LogError as error:
            self._notices[str(error)] = None
            self._reached()

    def _take_bad(self, bad: BadLine) -> None:
        if bad.torn:
            return  # being written, or all that a killed process left
        self._damage.setdefault(bad.file, []).append(
            (bad.offset, f"line {bad.number} of {bad.file.name}: {bad.reason}")
        )
        self._notices[f"unreadable: {bad}"] = None

    def _take(self, line: Line) -> None:
        record = line.record
        ev = record["ev"]
        name = record.get("w") or self._owners.get(line.file) or writer_in_name(line.file)
        if ev == "log.open":
            self._owners[line.file] = name
        writer = self._writers.setdefault(name, Writer())
        seq = record.get("seq")
        if seq is not None and name and not writer.seen.add(seq):
            return  # written twice, as where two files hold the same lines
        writer.closed = ev == "log.close"
        if ev.startswith("log."):
            self._take_log_line(record, writer)
        else:
            self._take_run_line(line, writer, name)

    def _take_log_line(self, record: Record, writer: Writer) -> None:
        if record["ev"] == "log.open":
            writer.opened = record
        elif record["ev"] == "log.lost":
            count, reason = record.get("count", "some"), record.get("reason", "no reason given")
            self._notices[f"lost: {count} lines could not be written ({reason})"] = None
        elif record["ev"] == "log.error":
            self._notices[f"steplog itself failed while writing, in {record.get('where')}"] = None
        for entry in self._open.values():
            if writer in entry.writers.values():
                self._dirty[entry.key] = entry

    def _take_run_line(self, line: Line, writer: Writer, name: str) -> None:
        record = line.record
        run = record["run"]
        with self._lock:
            entry = self._current.get(run)
            # A program may use one id for several runs: each start is a run of its own.
            if entry is None or (record["ev"] == "run.start" and entry.has_begun):
                nth = (
                    sum(1 for key in self._entries if key == run or key.startswith(f"{run}~")) + 1
                    if entry
                    else 1
                )
                key = run if nth == 1 else f"{run}~{nth}"
                entry = Entry(key, run, str(record.get("ts") or ""), RowBuilder(run))
                self._entries[key] = self._current[run] = self._open[key] = entry
            entry.take(line, name, writer)
            self._dirty[entry.key] = entry

    def _settle(self) -> list[Entry]:
        """Takes up what has changed since the last time: how each run stands, and those that have ended are packed."""
        with self._lock:
            dirty, self._dirty = list(self._dirty.values()), {}
            for entry in dirty:
                entry.look()
                entry.pack()
                if not entry.is_open:
                    self._open.pop(entry.key, None)
        return dirty

    def _reached(self) -> None:
        """Everything that stands in the log has been read."""
        now = time.monotonic()
        is_first = not self._is_read.is_set()
        if now - self._last_check > _CHECK_SECONDS or is_first:
            self._last_check = now
            self._check()
        dirty = self._settle()
        if is_first:
            self._is_read.set()
            self._first = []
            self._tell([])
        elif dirty:
            self._tell(dirty)

    def _check(self) -> None:
        """Whether the processes of open runs live, and whether the log is still there."""
        with self._lock:
            for entry in self._open.values():
                if entry.look():
                    self._dirty[entry.key] = entry
        is_there = self.path.exists()
        if is_there == (self._gone is not None):
            self._gone = None if is_there else time.time() * 1000
            self._tell([])
        if (noted := noted_state(self.path)) != self._noted:
            self._noted = noted
            self._notices.update((f"unreadable: {bad}", None) for bad in notes_of(self.path)["bad"])
            self._tell([])

    def _tell(self, dirty: list[Entry]) -> None:
        state = self.state()
        same = {name: value for name, value in state.items() if name != "now"}
        is_new = same != self._known_state
        self._known_state = same
        if dirty or is_new:
            self._told(Change(dirty, state if is_new else None))


def _size(path: Path) -> int:
    try:
        return sum(file.stat().st_size for file in segments(path))
    except (LogError, OSError):
        return 0


def _before(path: Path, file: Path) -> int:
    """Bytes in the files that are read before one."""
    total = 0
    try:
        for each in segments(path):
            if each == file:
                return total
            total += each.stat().st_size
    except (LogError, OSError):
        pass
    return total
