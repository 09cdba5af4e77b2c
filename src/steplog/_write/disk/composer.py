"""The next lines of a writer: their numbers, stamps and hashes, what stands at a file's head, when a file is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from steplog._format.chain import sealed, unsealed
from steplog._format.line import encode
from steplog._format.process import process_facts
from steplog._format.record import FORMAT_VERSION, Record
from steplog._version import __version__
from steplog._write.disk.batch import (
    HEADED,
    NO_FILE,
    NO_HEAD,
    READY,
    TORN,
    Bare,
    Batch,
    Entry,
    Point,
    batch_of,
)
from steplog._write.disk.clock import WallClock, now_ns, stamp, to_the_second
from steplog._write.disk.file_sink import FileSink
from steplog._write.disk.pending import Pending
from steplog._write.disk.sinks import Foreign
from steplog._write.settings.settings import Settings

_LOOK_EVERY_NS: Final = 250_000_000  # at the file and at the wall clock
_MOST_AT_ONCE: Final = 1024 * 1024
_SECOND_NS: Final = 1_000_000_000
# From which time to which (in ns since 1970) nothing but a line is to be written, what is to be added to a reading of the
# monotonic clock, and what the line looks like.
Calm: TypeAlias = tuple[int, int, int, bytes]
NOT_CALM: Final[Calm] = (0, 0, 0, b"%d%d%b")


class Composer:
    """Makes the batches of one writer in one process."""

    def __init__(
        self,
        sink: FileSink | Foreign,
        w: str,
        pending: Pending,
        settings: Settings,
        facts: Callable[[], Record],
        open_file: Callable[[str], None],
    ) -> None:
        """Compose for `sink` what is `pending`.

        facts: what `log.open` tells besides the process; open_file: opens a file whose first line has this `ts`.
        """
        self.calm: Calm = NOT_CALM
        self.last_words: Record = {}  # what `log.close` tells besides the counts
        self._sink = sink
        self._w = w
        self._pending = pending
        self._facts = facts
        self._open_file = open_file
        self._clock = WallClock()
        self._key = settings.chain_key.encode() if settings.chain else None
        self._is_quick = self._key is None and settings.fsync == "never"
        self._rotate_ns = 0 if sink.shared else int(settings.rotate_hours * 3_600_000_000_000)
        self._own = f'"w":"{w}",'.encode() if sink.shared else b""
        self._shape = (-1, b"")  # a second since 1970, and what its lines look like
        self._look_at = self._old_at = 0

    def look_soon(self) -> None:
        """Look at the file before more is written."""
        self._look_at = 0

    def batch_after(self, point: Point) -> Batch | None:
        """What is to be done next: a file to open, or lines to write; None where nothing is pending."""
        now = now_ns()
        if now >= self._look_at and self._is_to_be_left(point, now):
            point = point._replace(stage=NO_FILE)
        # A copy that nothing of Python's cuts into, as the collector could with a tuple.
        entries = self._pending.queue.copy()
        if not entries:
            return None
        if point.stage == NO_FILE:
            return self._opening(point, entries[0][2])
        return self._lines(point, self._told(point, entries))

    def _is_to_be_left(self, point: Point, now: int) -> bool:
        """Whether another file is due, after a look at this one and at the clock, a few times a second."""
        self._look_at = now + _LOOK_EVERY_NS
        self._clock.follow()
        why = self._sink.lost() if point.stage != NO_FILE else ""
        if why == "deleted":
            self._rescue()
        return bool(why) or (0 < self._old_at <= now and point.stage == READY)

    def _rescue(self) -> None:
        """Lines that went into a file after it was deleted: they were acknowledged, so they are written anew."""
        try:
            *lines, _ = self._sink.rescue().split(b"\n")
        except OSError:
            return
        at, own, found = now_ns(), b'Z",' + self._own, list[Entry]()
        for line in lines:
            _, is_ours, body = (unsealed(line) or (line, ""))[0].partition(own)
            if is_ours and not body.startswith(b'"ev":"log.open"'):
                found.append(
                    (b"{" + body, 0, at + len(found))
                )  # taken off the queue by what it is, so no two alike
        self._pending.queue.extendleft(reversed(found))

    def _opening(self, point: Point, at: int) -> Batch:
        wall = max(point.last, at + self._clock.offset)

        def open_file(one: bytes) -> int:
            self._open_file(stamp(wall))
            self._old_at = now_ns() + self._rotate_ns if self._rotate_ns else 0
            return len(one)

        return batch_of(open_file, b"\n", point, (point._replace(stage=NO_HEAD, size=0, last=wall),))

    def _told(self, point: Point, entries: deque[Entry]) -> Iterator[tuple[Entry, int]]:
        """The entries, and what is to be told before them: a file's head, and how many are missing, which is given with it."""
        number = point.number
        if point.stage == NO_HEAD:
            yield (self._head(), 0, entries[0][2]), 0
        for entry in entries:
            missing = entry[1] - number - 1
            if missing > 0:
                yield (self._lost(missing, entry), entry[1] - 1, entry[2]), missing
            number = max(number, entry[1])
            yield entry, 0

    def _lines(self, start: Point, told: Iterator[tuple[Entry, int]]) -> Batch:
        limit = self._sink.limit
        most = min(limit, start.size + _MOST_AT_ONCE)
        point, steps, parts, entries = start, list[Bare](), list[bytes](), list[Entry]()
        for entry, missing in told:
            line, then = self._line(point, entry, missing)
            if point.stage == READY and then.size > (most if parts else limit):
                if not parts:
                    return self._opening(point, entry[2])
                break
            if then.size > self._sink.largest:  # what no file may hold is lost
                line, then = self._line(point, (self._lost(1, entry, "EFBIG"), *entry[1:]), missing + 1)
            point = then
            steps.append(then)
            parts.append(line)
            entries.append(entry)
        begin = self._shape[0] * _SECOND_NS
        until = min(begin + _SECOND_NS, self._look_at + self._clock.offset)
        self.calm = (begin, until, self._clock.offset, self._shape[1]) if self._is_quick else NOT_CALM
        return batch_of(self._sink.write, b"".join(parts), start, tuple(steps), tuple(entries))

    def _line(self, before: Point, entry: Entry, missing: int) -> tuple[bytes, Point]:
        """A line, and where the writer stands after it. The numbers of missing lines stay unused: readers see a gap."""
        body, number, at = entry
        seq, known, lost, mark, stage, size, total, last = before
        seq, lost = seq + missing + 1, lost + missing
        if not body:
            counts = {"lines": seq, "bytes": total, "lost": lost or None}
            body = body_of({"ev": "log.close"} | counts | self.last_words)
        last = max(last, at + self._clock.offset)  # never back: while the wall clock is, stamps stand still
        second, rest = divmod(last, _SECOND_NS)
        line = self._shape_of(second) % (seq, rest // 1000, body[1:])
        if self._key is not None:
            bare = line.strip(b"\n")
            chained, mark = sealed(bare, mark, self._key)
            line = line.replace(bare, chained)
        if stage == TORN and not self._own:
            line = b"\n" + line
        stage, n = HEADED if stage == NO_HEAD else READY, len(line)
        return line, Point(seq, max(known, number), lost, mark, stage, size + n, total + n, last)

    def _shape_of(self, second: int) -> bytes:
        known, shape = self._shape
        if known != second:
            # In a shared file a line begins with a line end: a killed process may have left half a line before it.
            begin = b"\n" if self._own else b""
            shape = b'%b{"seq":%%d,"ts":"%b%%06dZ",%b%%b\n' % (
                begin,
                to_the_second(second).encode(),
                self._own,
            )
            self._shape = second, shape
        return shape

    def _head(self) -> bytes:
        record: Record = {"ev": "log.open", "v": FORMAT_VERSION, "w": self._w, "steplog": __version__}
        record |= (
            process_facts()
            | self._facts()
            | {"prev": self._sink.prev, "locked": self._sink.is_locked or None}
        )
        if self._sink.shared:
            del record["w"]  # every line of a shared file has it
        return body_of(record)

    def _lost(self, count: int, before: Entry, reason: str = "") -> bytes:
        """That `count` records are missing before one; with a reason, that it is itself."""
        why, last, since, until = self._pending.gone
        if reason or last != before[1] - 1:
            why, since, until = reason or "interrupted", before[2], before[2]
        first_ts, last_ts = (stamp(at + self._clock.offset) for at in (since, until))
        return body_of(
            {"ev": "log.lost", "count": count, "reason": why, "first_ts": first_ts, "last_ts": last_ts}
        )


def body_of(record: dict[str, Any]) -> bytes:
    """A record's object without what is absent."""
    return encode({name: value for name, value in record.items() if value is not None})
