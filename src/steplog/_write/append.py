"""One whole line at the end of a log, in the kernel when the hook returns: order, numbers, forks, disks that fail."""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from steplog._format.line import encode
from steplog._format.record import FORMAT_VERSION, Record
from steplog._version import __version__
from steplog._write.guard import complain
from steplog._write.process import process_facts
from steplog._write.segment import new_writer_id
from steplog._write.sink import Sink
from steplog._write.stamp import Stamp, now_ns

_PATIENCE_S: Final = 0.25  # how long a hook waits for another thread's write; then that thread writes its line too
_RETRY_NS: Final = 1_000_000_000
_getpid: Final = os.getpid
_ident: Final = threading.get_ident


class Appender:
    """One process's writer of a log: numbers lines, and hands each to the sink before `append` returns.

    A line is put in a queue and whoever gets the lock writes all that is queued. So a signal handler or a `__del__`
    that logs in the middle of a write never waits for itself: the write it interrupted takes its line along.
    """

    def __init__(self, sink: Sink, facts: Callable[[], Record], max_pending_bytes: int) -> None:
        """Write to `sink`; `facts` gives what `log.open` says besides the process."""
        self._sink = sink
        self._facts = facts
        self._most_pending = max_pending_bytes
        self._parent_w: str | None = None
        self._begin()

    def _begin(self) -> None:
        self.w = new_writer_id()
        self.lines = 0
        self.bytes = 0
        self.lost = 0
        self._pid = _getpid()
        self._lock = threading.RLock()
        self._writing = 0  # the thread that holds the lock
        self._queue: deque[tuple[int, bytes]] = deque()
        self._rest = b""  # of a write that the disk took in part
        self._stamp = Stamp()
        self._is_open = False
        self._retry_at = 0
        self._unsaid: tuple[int, str, str, str] | None = None  # lost lines: count, reason, first and last ts

    def append(self, body: bytes) -> None:
        """Write one record's object, without `seq` and `ts`, as the next line; never raises `OSError`."""
        if _getpid() != self._pid:  # a fork that Python's hooks did not see
            self.after_fork()
        self._queue.append((now_ns(), body))
        while self._queue and self._writing != _ident():
            if not self._lock.acquire(timeout=_PATIENCE_S):
                return
            self._writing = _ident()
            try:
                if not self._write_queued():
                    return
            finally:
                self._writing = 0
                self._lock.release()

    def close(self, last: Record) -> None:
        """Write `log.close` with this writer's counts; what comes later is still written."""
        if not self._is_open:
            return
        record = {"ev": "log.close", "lines": self.lines + 1, "bytes": self.bytes, "lost": self.lost or None} | last
        self._retry_at = 0
        self.append(_body(record))

    def release(self) -> None:
        """Let go of the file; a later line opens a new one."""
        with self._lock:
            self._sink.close()
            self._is_open = False

    def after_fork(self) -> None:
        """In a forked child: begin anew as a writer of its own; what was queued is the parent's to write."""
        self._parent_w = self.w
        self._sink.close()
        self._begin()

    # -- with the lock held

    def _write_queued(self) -> bool:
        """Write all that is queued; False where the disk does not take it now."""
        if self._retry_at and now_ns() < self._retry_at:
            self._drop_excess()
            return False
        try:
            if not self._is_open:
                self._open()
            if self._rest:
                self._push(self._rest)
            if self._unsaid is not None:
                self._say_lost(self._unsaid)
            while self._queue:
                at, body = self._queue[0]
                line = self._line(at, body)
                self._queue.popleft()
                self._push(line)
        except OSError as error:
            self._failed(error)
            return False
        self._retry_at = 0
        return True

    def _line(self, at_ns: int, body: bytes) -> bytes:
        self.lines += 1
        head = f'{{"seq":{self.lines},"ts":"{self._stamp(at_ns)}",'
        if self._sink.shared:
            # The leading line end keeps this line whole behind the torn one of a killed process.
            return b"".join((b"\n", head.encode(), b'"w":"', self.w.encode(), b'",', body[1:], b"\n"))
        return b"".join((head.encode(), body[1:], b"\n"))

    def _push(self, data: bytes) -> None:
        """Give bytes to the sink; what it does not take stays in `_rest` and comes first next time."""
        self._rest = data
        view = memoryview(data)
        while view:
            taken = self._sink.write(view)
            if taken <= 0:
                raise OSError(errno.ENOSPC, "the sink took nothing")
            view = view[taken:]
            self._rest = bytes(view)
            self.bytes += taken

    def _open(self) -> None:
        self._sink.open(self._stamp(now_ns()), self._pid, self.w)
        self._is_open = True
        record: Record = {"ev": "log.open", "v": FORMAT_VERSION, "w": self.w, "steplog": __version__}
        record |= process_facts() | self._facts() | {"parent_w": self._parent_w}
        if self._sink.shared:
            del record["w"]  # every line of a shared file has it
        self._push(self._line(now_ns(), _body(record)))

    def _failed(self, error: OSError) -> None:
        self._retry_at = now_ns() + _RETRY_NS
        self._reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
        where = getattr(self._sink, "path", "the log")
        complain(f"disk {where}", f"cannot write {where}: {error.strerror or error}; the program goes on, steps are kept "
                 f"in memory up to {self._most_pending} bytes and written when it works again")  # fmt: skip
        self._drop_excess()

    def _drop_excess(self) -> None:
        size = sum(len(body) for _, body in tuple(self._queue))
        while size > self._most_pending and self._queue:
            at, body = self._queue.popleft()
            size -= len(body)
            self._count_lost(self._stamp(at))

    def _count_lost(self, stamp: str) -> None:
        self.lines += 1  # its number stays unused: a gap is a lost line
        self.lost += 1
        count, _, first, _ = self._unsaid or (0, "", stamp, stamp)
        self._unsaid = (count + 1, self._reason, first, stamp)

    def _say_lost(self, unsaid: tuple[int, str, str, str]) -> None:
        count, reason, first, last = unsaid
        record = {"ev": "log.lost", "count": count, "reason": reason, "first_ts": first, "last_ts": last}
        line = self._line(now_ns(), _body(record))
        self._unsaid = None
        self._push(line)

    _reason = "pending_full"


def _body(record: dict[str, Any]) -> bytes:
    return encode({name: value for name, value in record.items() if value is not None})
