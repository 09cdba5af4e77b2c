"""The next lines of a writer: their numbers, stamps and hashes, what stands at a file's head, when a file is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from steplog._format.chain import sealed, unsealed
from steplog._format.line import encode
from steplog._format.process import process_facts
from steplog._format.record import FORMAT_VERSION, Record
from steplog._version import __version__
from steplog._write.disk.batch import HEADED, NO_FILE, NO_HEAD, READY, TORN, Batch, Entry, Point
from steplog._write.disk.clock import WallClock, now_ns, stamp, to_the_second
from steplog._write.disk.file_sink import FileSink
from steplog._write.disk.pending import NOT_CALM, Calm, Pending
from steplog._write.disk.sinks import Foreign
from steplog._write.settings.settings import Settings

_LOOK_EVERY_NS: Final = 250_000_000  # at the file and at the wall clock
_MOST_AT_ONCE: Final = 1024 * 1024
_SECOND_NS: Final = 1_000_000_000


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

        facts: what `log.open` tells besides the process; open_file: opens the next file, given the time of its first line.
        """
        self.clock = WallClock()
        self._sink = sink
        self._w = w
        self._pending = pending
        self._facts = facts
        self._key = settings.chain_key.encode() if settings.chain else None
        self._is_quick = self._key is None and settings.fsync == "never"
        self._rotate_ns = 0 if sink.shared else int(settings.rotate_hours * 3_600_000_000_000)
        self._own = f'"w":"{w}",'.encode() if sink.shared else b""
        # In a shared file a line begins with a line end: a killed process may have left half a line before it.
        self._begin = b"\n" if sink.shared else b""
        self._shape = (-1, b"")  # a second since 1970, and what its lines look like
        self._look_at = self._old_at = 0
        self._open_file = open_file
        self.last_words: Record = {}

    def look_soon(self) -> None:
        """Look at the file before more is written."""
        self._look_at = 0

    def batch_after(self, done: Batch) -> Batch | None:
        """What is to be done after `done`: a file to open, or lines to write; None where nothing is pending."""
        point, torn, now = done.end, done.torn, now_ns()
        if now >= self._look_at and self._is_to_be_left(point, now):
            point, torn = point._replace(stage=NO_FILE), None
        # A copy that Python's own code never cuts into, as the collector could with a tuple.
        entries = self._pending.queue.copy()
        if not entries:
            return None
        if point.stage == NO_FILE:
            return self._opening(point, entries[0][2])
        if torn is not None:
            return Batch(self._sink.resume, torn.rest, point, (torn.then,), (torn.entry,))
        return self._lines(point, self._told(point, entries))

    def _is_to_be_left(self, point: Point, now: int) -> bool:
        """Whether another file is due, after a look at this one and at the clock, a few times a second."""
        self._look_at = now + _LOOK_EVERY_NS
        self.clock.follow()
        if point.stage == NO_FILE:
            return False
        why = self._sink.lost()
        if why == "deleted":
            self._rescue()
        return bool(why) or (0 < self._old_at <= now and point.stage == READY)

    def _rescue(self) -> None:
        """Lines that went into a file after it was deleted: they were acknowledged, so they are written anew."""
        try:
            lines = self._sink.rescue().split(b"\n")
        except OSError:
            return
        at, own, found = now_ns(), b'Z",' + self._own, list[Entry]()
        for line in lines:
            plain = (unsealed(line) or (line, ""))[0]
            _, is_ours, body = plain.partition(own)
            if is_ours and not body.startswith(b'"ev":"log.open"'):
                # Each with a time of its own: a record is taken off the queue by what it is.
                found.append((b"{" + body, 0, at + len(found)))
        self._pending.queue.extendleft(reversed(found))

    def _opening(self, point: Point, at: int) -> Batch:
        wall = max(point.last, at + self.clock.offset)

        def open_file(one: bytes) -> int:
            self._open_file(stamp(wall))
            self._old_at = now_ns() + self._rotate_ns if self._rotate_ns else 0
            return len(one)

        return Batch(open_file, b"\n", point, (point._replace(stage=NO_HEAD, size=0, last=wall),))

    def _told(self, point: Point, entries: deque[Entry]) -> Iterator[tuple[Entry, int]]:
        """The entries, and what is to be said before them: a file's head, how many are missing. With each, how many."""
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
        limit, largest = self._sink.limit, self._sink.largest
        most = min(limit, start.size + _MOST_AT_ONCE)
        point, steps, parts, entries = start, list[Point](), list[bytes](), list[Entry]()
        for entry, missing in told:
            line, then = self._line(point, entry, missing)
            if point.stage == READY and then.size > (most if parts else limit):
                if not parts:
                    return self._opening(point, entry[2])
                break
            if then.size > largest:
                told_instead = self._lost(1, entry, "EFBIG"), entry[1], entry[2]
                line, then = self._line(point, told_instead, missing + 1)
            point = then
            steps.append(then)
            parts.append(line)
            entries.append(entry)
        self._pending.calm = self._calm()
        return Batch(self._sink.write, b"".join(parts), start, tuple(steps), tuple(entries))

    def _calm(self) -> Calm:
        """Until the next look, and within this second, a single line needs nothing but its number and microseconds."""
        if not self._is_quick:
            return NOT_CALM
        begin = self._shape[0] * _SECOND_NS
        until = min(begin + _SECOND_NS, self._look_at + self.clock.offset)
        return begin, until, self.clock.offset, self._shape[1]

    def _line(self, before: Point, entry: Entry, missing: int) -> tuple[bytes, Point]:
        """A line, and where the writer stands after it. The numbers of missing lines stay unused: readers see a gap."""
        body, number, at = entry
        seq, known, lost, mark, stage, size, total, last = before
        if not body:
            counts = {"lines": seq + missing + 1, "bytes": total, "lost": lost + missing or None}
            body = body_of({"ev": "log.close"} | counts | self.last_words)
        last = max(last, at + self.clock.offset)  # never back: while the wall clock is, stamps stand still
        second, rest = divmod(last, _SECOND_NS)
        if self._shape[0] != second:
            self._shape = (
                second,
                b'{"seq":%%d,"ts":"%b%%06dZ",%b%%b\n' % (to_the_second(second).encode(), self._own),
            )
        line = self._shape[1] % (seq + missing + 1, rest // 1000, body[1:])
        if self._key is not None:
            sealed_line, mark = sealed(line[:-1], mark, self._key)
            line = sealed_line + b"\n"
        line = (b"\n" if stage == TORN else self._begin) + line
        stage = HEADED if stage == NO_HEAD else READY
        n = len(line)
        return line, Point(
            seq + missing + 1, max(known, number), lost + missing, mark, stage, size + n, total + n, last
        )

    def _head(self) -> bytes:
        record: Record = {"ev": "log.open", "v": FORMAT_VERSION, "w": self._w, "steplog": __version__}
        record |= process_facts() | self._facts()
        record["prev"] = self._sink.prev
        if self._sink.shared:
            del record["w"]  # every line of a shared file has it
        return body_of(record)

    def _lost(self, count: int, before: Entry, reason: str = "") -> bytes:
        """That `count` records are missing before one, or, with a reason, that it is itself."""
        why, last, since, until = self._pending.gone
        if reason or last != before[1] - 1:
            why, since, until = reason or "interrupted", before[2], before[2]
        first_ts, last_ts = (stamp(at + self.clock.offset) for at in (since, until))
        told = {"count": count, "reason": why, "first_ts": first_ts, "last_ts": last_ts}
        return body_of({"ev": "log.lost"} | told)


def body_of(record: dict[str, Any]) -> bytes:
    """A record's object without what is absent."""
    return encode({name: value for name, value in record.items() if value is not None})
