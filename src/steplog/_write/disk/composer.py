"""The next lines of a writer: their numbers, stamps and hashes, what stands at a file's head, when a file is full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from steplog._format.chain import sealed, unsealed
from steplog._format.line import encode
from steplog._format.process import process_facts
from steplog._format.record import FORMAT_VERSION, Record
from steplog._version import __version__
from steplog._write.disk.clock import Stamp, now_ns
from steplog._write.disk.file_sink import FileSink
from steplog._write.disk.line_queue import NOT_CALM, Lost, Pending
from steplog._write.disk.sinks import Sink
from steplog._write.disk.turns import NO_FILE, NO_HEAD, READY, Calm, Entry, Point, Turn, Work

CALM_NS: Final = 250_000_000  # the longest time between two looks at the file
_UNLIMITED: Final = 1 << 62
_MOST_AT_ONCE: Final = 1024 * 1024
_SECOND_NS: Final = 1_000_000_000
_LEAVE: Final = frozenset({"closed", "taken", "renamed", "deleted", "truncated"})


class Composer:
    """Makes turns for one writer in one process."""

    def __init__(
        self,
        sink: Sink,
        w: str,
        facts: Callable[[], Record],
        *,
        rotate_hours: float,
        key: bytes | None,
        is_quick: bool,
    ) -> None:
        """Compose for `sink`; `facts` says what `log.open` needs beside the process; with a `key` lines are chained.

        is_quick: whether lines may become turns by `single_turn`.
        """
        self.stamp = Stamp()
        self._sink = sink
        self._file = sink if isinstance(sink, FileSink) else None
        self._w = w
        self._head = f'"w":"{w}",'.encode() if sink.shared else b""
        # The leading line end keeps a line whole behind the torn one of a killed process.
        self._begin = b"\n" if sink.shared else b""
        self._known = (b"", b"")  # a second, and the shape of its lines
        self._facts = facts
        self._rotate_ns = int(rotate_hours * 3_600_000_000_000)
        self._key = key
        self._is_quick = is_quick and key is None
        self._check_at = 0
        self._opened_at = 0
        self.limit = _UNLIMITED
        self.after_open: Callable[[], object] | None = None  # called when a file was opened

    def next_turn(self, pending: Pending, done: Turn) -> Turn | None:
        """What is to be done after `done`: a file to open, or lines to write; None where nothing is pending."""
        before = done.then
        entries = tuple(pending.queue)
        if not entries:
            return None
        at = entries[-1][0]
        if at >= self._check_at:
            before = self._checked(pending, before, at)
        if before.stage == NO_FILE:
            return self._opening(pending, before)
        lost = pending.lost
        if before.stage == READY and lost.total == before.said:
            if self._is_quick and not pending.behind:
                pending.calm = self._calm(at)
            return self._lines(pending, before, (), entries, before.said)
        return self._lines(pending, before, self._heads(before, lost), entries, lost.total)

    def _calm(self, at: int) -> Calm:
        """Nothing is lost or chained, and until the next look at the file or the next second nothing changes."""
        begin, text = self.stamp.second_of(at)
        until = min(self._check_at, begin + _SECOND_NS)
        return begin, until, self._shape(text), self.limit, self._sink.write

    def _shape(self, second: bytes) -> bytes:
        known, shape = self._known
        if known != second:
            shape = b'%b{"seq":%%d,"ts":"%b%%06dZ",%b%%b\n' % (self._begin, second, self._head)
            self._known = (second, shape)
        return shape

    def must_leave(self, pending: Pending) -> bool:
        """Whether the file is no more what it was; what was lately written into a deleted one is pending again."""
        why = self._file.lost() if self._file is not None else ""
        if why == "deleted" and self._file is not None:
            self._rescue(pending, self._file)
        return why in _LEAVE

    def _checked(self, pending: Pending, before: Point, at: int) -> Point:
        """The point after a look at the file and the clock: a few times a second, not for each line."""
        self._check_at = at + CALM_NS
        self.stamp.set_forward()
        if before.stage == NO_FILE or self._file is None:
            return before
        is_old = self._rotate_ns and not self._sink.shared and at - self._opened_at >= self._rotate_ns
        if self.must_leave(pending) or (is_old and before.stage == READY):
            return before._replace(stage=NO_FILE)
        return before

    def _rescue(self, pending: Pending, file: FileSink) -> None:
        """Lines that went into a file after it was deleted: they were acknowledged, so they are written anew."""
        try:
            lines = file.rescue().split(b"\n")
        except OSError:
            return
        at = now_ns()
        own = b'Z",' + self._head
        bodies: list[bytes] = []
        for line in lines:
            plain = (unsealed(line) or (line, ""))[0]
            _, found, body = plain.partition(own)
            if found and not body.startswith(b'"ev":"log.open"'):
                bodies.append(b"{" + body)
        # Each with a time of its own: a line is taken off the queue by what it is.
        pending.queue.extendleft([(at + i, body) for i, body in enumerate(bodies)][::-1])

    def _opening(self, pending: Pending, before: Point) -> Turn:
        before = before._replace(stage=NO_FILE)

        def open_file(_: bytes) -> int:
            self._sink.open(self.stamp(max(before.last, now_ns())), pending.pid, self._w)
            self._opened_at = now_ns()
            self.limit = self._file.limit if self._file is not None else _UNLIMITED
            pending.calm = NOT_CALM
            if self.after_open is not None:
                self.after_open()
            return 1

        return Work(open_file, b"\n", (), before, before._replace(stage=NO_HEAD, size=0))

    def _heads(self, before: Point, lost: Lost) -> tuple[Entry, ...]:
        heads: list[Entry] = []
        if before.stage == NO_HEAD:
            record: Record = {"ev": "log.open", "v": FORMAT_VERSION, "w": self._w, "steplog": __version__}
            record |= process_facts() | self._facts()
            record["prev"] = self._file.prev if self._file is not None else None
            record["locked"] = (self._file is not None and self._file.is_locked) or None
            if self._sink.shared:
                del record["w"]  # every line of a shared file has it
            heads.append((now_ns(), body_of(record)))
        if lost.total != before.said:
            first, last = self.stamp(lost.first_ns), self.stamp(lost.last_ns)
            told = {
                "count": lost.total - before.said,
                "reason": lost.reason,
                "first_ts": first,
                "last_ts": last,
            }
            heads.append((now_ns(), body_of({"ev": "log.lost"} | told)))
        return tuple(heads)

    def _lines(
        self, pending: Pending, before: Point, heads: tuple[Entry, ...], entries: tuple[Entry, ...], said: int
    ) -> Turn:
        lines, known, mark, _, size, _, last = before
        lines += said - known  # the numbers of lost lines stay unused: a gap is a lost line
        limit = self.limit
        room = min(limit, size + _MOST_AT_ONCE)
        parts: list[bytes] = []
        for at, body in heads + entries if heads else entries:
            last = max(last, at)
            line, new_mark = self._line(lines + 1, last, body, mark)
            if size + len(line) > room and len(parts) >= len(heads):
                if parts and len(parts) > len(heads):
                    break
                if size + len(line) > limit and size and not heads:
                    return self._opening(pending, before)
            lines += 1
            size += len(line)
            mark = new_mark
            parts.append(line)
        whole = parts[0] if len(parts) == 1 else b"".join(parts)
        then = Point(lines, said, mark, READY, size, before.total + len(whole), last)
        return Work(self._sink.write, whole, entries[: len(parts) - len(heads)], before, then, len(heads))

    def _line(self, number: int, at: int, body: bytes, mark: str) -> tuple[bytes, str]:
        begin, text = self.stamp.second_of(at)
        line = self._shape(text) % (number, (at - begin) // 1000, body[1:])
        if self._key is None:
            return line, ""
        bare = line.strip(b"\n")
        chained, mark = sealed(bare, mark, self._key)
        return line.replace(bare, chained), mark


def single_turn(pending: Pending, entry: Entry) -> Turn | None:
    """A turn put behind the last for `entry` alone, not carried out yet; None where more is to be looked at.

    What `Composer.next_turn` and `Pending.follow` do with one line where all is calm, in one function and without
    calls, which would cost more than the work.
    """
    begin, until, shape, limit, write = pending.calm
    at, body = entry
    done, queue = pending.turn, pending.queue
    # The queue last: who cut in before we read `done` has written our line; who does so after that is seen below.
    if not begin <= at < until or not done.taken or done.entries or len(queue) != 1:
        return None
    lines, said, mark, stage, size, total, last = done.end
    line = shape % (lines + 1, (at - begin) // 1000, body[1:])
    added = len(line)
    if at < last or stage != READY or size + added > limit or entry not in queue:
        return None
    turn = Turn()
    turn.start = done.end
    turn.end = (lines + 1, said, mark, READY, size + added, total + added, at)
    turn.whole = line
    turn.entries = (entry,)
    turn.once = map(write, (line,))
    turn.taken = []
    turn.after = []
    done.after.append(turn)
    if done.after[0] is not turn:
        return None
    pending.turn = turn
    return turn


def body_of(record: dict[str, Any]) -> bytes:
    """A record's object without what is absent."""
    return encode({name: value for name, value in record.items() if value is not None})
