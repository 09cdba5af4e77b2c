"""One whole line at the end of a log, in the kernel when the hook returns: threads, signals, forks, disks that fail."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from steplog._format.record import Record
from steplog._write.disk.file_sink import FileSink
from steplog._write.disk.fork_mark import process_mark
from steplog._write.disk.sinks import Foreign, Sink
from steplog._write.disk.writer import Writer
from steplog._write.settings.settings import Settings

_getpid: Final = os.getpid


class Appender:
    """Appends records to a log, in this process and in those that are forked from it.

    A record is put in a queue, and whichever call may write writes all that is queued: this one, another thread's, or
    the one that this call cuts into as a signal handler does.
    """

    def __init__(
        self,
        sink: Sink,
        facts: Callable[[], Record],
        settings: Settings,
        after_open: Callable[[str | None], object] | None = None,
    ) -> None:
        """Write to `sink`; `facts` gives what `log.open` says besides the process; `after_open` is called for each
        file begun, with the name of the segment that was left for it.
        """
        self._sink = sink if isinstance(sink, FileSink) else Foreign(sink)
        self._facts = facts
        self._settings = settings
        self._after_open = after_open
        self._mark = process_mark()
        self._begin(None)

    @property
    def w(self) -> str:
        """The id of this process's writer."""
        return self._writer.w

    def append(self, *bodies: bytes) -> None:
        """Write records, each an object without `seq` and `ts`, as the next lines, in one go; never raises `OSError`."""
        writer = self._writer
        if not self._mark[0] and self._is_forked(writer):
            writer = self.after_fork()
        pending = writer.pending
        # As `put` does, whose call would be felt, and so would a keyword.
        pending.queue.extend(zip(bodies, pending.numbers, pending.times))  # noqa: B905
        is_written = not pending.behind and pending.gate.alone(pending.work)
        if pending.left or not is_written:
            writer.see_to(bodies, is_written=bool(is_written))

    def close(self, last: Record) -> None:
        """Write `log.close` with this writer's counts and `last`; what comes later is still written."""
        self._writer.close(last)

    def release(self) -> None:
        """Let go of the file, and of records that no disk takes; a later one opens a new file."""
        if not self._writer.let_go():
            self._writer.end()
            self._begin(None)

    def after_fork(self) -> Writer:
        """In a forked child: begin anew as a writer of its own; what was queued is the parent's to write."""
        self._writer.end()
        return self._begin(self.w)

    def _begin(self, parent_w: str | None) -> Writer:
        def facts() -> Record:
            return self._facts() | {"parent_w": parent_w}

        sink = self._sink.anew() if isinstance(self._sink, FileSink) else self._sink
        if not isinstance(self._mark, bytes):
            self._mark[0] = 1  # before the pid is asked for: a fork in between is noticed as well
        self._writer = Writer(sink, self._settings, facts, self._after_open)
        return self._writer

    def _is_forked(self, writer: Writer) -> bool:
        """Whether a fork was made that Python's hooks did not see: the mark is gone, or the pid is another."""
        return not isinstance(self._mark, bytes) or _getpid() != writer.pending.pid
