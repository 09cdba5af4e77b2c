"""One whole line at the end of a log, in the kernel when the hook returns: threads, signals, forks, disks that fail."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

from steplog._format.record import Record
from steplog._write.disk.clock import CLOCK
from steplog._write.disk.composer import CALM_NS, Composer, body_of, single_turn
from steplog._write.disk.file_sink import FileSink
from steplog._write.disk.fork_mark import process_mark
from steplog._write.disk.fsync import Sync
from steplog._write.disk.line_queue import DROPPED, NOT_CALM, Pending
from steplog._write.disk.private_files import new_writer_id
from steplog._write.disk.sinks import Foreign, Sink
from steplog._write.disk.turns import NO_FILE, NO_HEAD, Entry, Turn, Work, after_part, standing
from steplog._write.guard import complain
from steplog._write.settings.settings import Settings

_RETRY_NS: Final = 1_000_000_000
_SLOW_NS: Final = CALM_NS  # beside busy threads a healthy write waits up to 5 ms for each of them
_STRIKES: Final = 2
_getpid: Final = os.getpid
# What another file may take: the descriptor is gone or another's, the file is as large as it may get.
_ELSEWHERE: Final = frozenset({errno.EBADF, errno.EFBIG, errno.ESTALE, errno.ENXIO})


class Appender:
    """One process's writer of a log: numbers lines, and has each in the kernel before `append` returns.

    A line is put in a queue, and whoever comes writes all that is queued: the thread itself, the thread it interrupted,
    another one. What has been done is kept as a chain of turns (see `link`), so that nothing is done twice.
    """

    def __init__(
        self,
        sink: Sink,
        facts: Callable[[], Record],
        settings: Settings,
        after_open: Callable[[], object] | None = None,
    ) -> None:
        """Write to `sink`; `facts` gives what `log.open` says besides the process; `after_open` is for each file begun."""
        self._after_open = after_open
        self._file = sink if isinstance(sink, FileSink) else None
        self._sink = sink if isinstance(sink, FileSink) else Foreign(sink)
        self._facts = facts
        self._settings = settings
        self._key = settings.chain_key.encode() if settings.chain else None
        self._sync = Sync(self._file, settings, self._sync_failed)
        self._clock = CLOCK[0]
        self._mark = process_mark()
        self._begin(None)

    def _begin(self, parent_w: str | None) -> Pending:
        self.w = new_writer_id()

        def facts() -> Record:
            return self._facts() | {"parent_w": parent_w}

        hours, is_quick = self._settings.rotate_hours, not self._sync.is_on
        self._composer = Composer(
            self._sink, self.w, facts, rotate_hours=hours, key=self._key, is_quick=is_quick
        )
        self._composer.after_open = self._after_open
        if not isinstance(self._mark, bytes):
            self._mark[0] = 1  # before the pid is asked for: a fork in between is noticed as well
        self._pending = Pending(_getpid())
        return self._pending

    def append(self, *bodies: bytes) -> None:
        """Write each record's object, without `seq` and `ts`, as the next line; never raises `OSError`."""
        any(map(self._append, bodies))

    def _append(self, body: bytes) -> None:
        pending = self._pending
        if not self._mark[0] and self._is_forked(pending):
            pending = self.after_fork()
        entry = (self._clock(), body)
        queue = pending.queue
        queue.append(entry)
        turn = single_turn(pending, entry)
        if turn is not None:
            taken = turn.taken
            try:
                # One C call: no exception and no signal handler gets between the write and the note of what it took.
                taken.extend(turn.once)
            except (OSError, ValueError) as error:
                self._failed(pending, turn, error)
            # Not timed, as `_carry_out` does: a slow write outlasts the calm, so that the next one is timed.
            if taken and taken[0] == len(turn.whole):
                try:  # noqa: SIM105 - `suppress` costs as much as the format; who cut in took it off
                    queue.remove(entry)
                except ValueError:
                    pass
                turn.entries = ()
                if not queue and not pending.left:
                    return
        if not pending.behind:
            self._write_out(pending, entry)
        if queue and entry in queue:
            pending.hold(entry, self._settings.max_pending_bytes)
            pending.get_help(self._write_out)

    def close(self, last: Record) -> None:
        """Write `log.close` with this writer's counts; what comes later is still written."""
        pending = self._pending
        turn = pending.newest()
        if turn.then.stage == NO_FILE and not pending.queue:
            return
        pending.retry_at, pending.behind = 0, False
        self._write_out(pending, None)
        then = pending.newest().then
        counts = {"lines": then.lines + 1, "bytes": then.total, "lost": pending.lost.total or None}
        self.append(body_of({"ev": "log.close"} | counts | last))
        self._sync.now()
        unwritten = len(pending.queue) + pending.lost.total - pending.newest().then.said
        if unwritten:
            self._complain_of_disk(f"{unwritten} lines could not be written ({pending.reason})")

    def release(self) -> None:
        """Let go of the file, and of lines that no disk takes; a later line opens a new one."""
        pending = self._pending
        turn = pending.newest()
        left = standing(turn.then._replace(stage=NO_FILE), turn.entries)
        if pending.queue:
            pending.is_over = True
            self._sink.close()
            self._begin(None)
        elif turn.is_whole and pending.follow(turn, left) is left:
            self._sink.close()

    def after_fork(self) -> Pending:
        """In a forked child: begin anew as a writer of its own; what was queued is the parent's to write."""
        self._pending.is_over = True
        self._sink.close()
        self._sync.after_fork()
        return self._begin(self.w)

    def _is_forked(self, pending: Pending) -> bool:
        """Whether a fork was made that Python's hooks did not see: the mark is gone, or the pid is another."""
        return not isinstance(self._mark, bytes) or _getpid() != pending.pid

    # -- turns

    def _write_out(self, pending: Pending, entry: Entry | None) -> None:
        """Carry out turns until `entry` is in the kernel; without one, or where others left lines, until all are."""
        while not pending.is_over:
            turn = pending.newest()
            if turn.taken:
                if turn.taken[0] != len(turn.whole):
                    if not turn.taken[0]:  # nothing, and no error either: EAGAIN
                        self._rest(pending, "EAGAIN", "it takes nothing now")
                    self._go_on_after(pending, turn, turn.taken[0])
                    continue
                if turn.entries:
                    self._acknowledge(pending, turn)
                if self._is_through(pending, entry):
                    return
                new = self._composer.next_turn(pending, turn)
                if new is None:
                    continue
                turn = pending.follow(turn, new)
            elif pending.stuck is turn or self._is_resting(pending) or self._is_astray(pending, turn):
                return
            self._carry_out(pending, turn)
            is_others = not turn.taken and not turn.after
            # Done: else who waits among busy threads would find one more turn of others in the way, again and again.
            if is_others and (not pending.wait(turn, self._is_at) or self._is_done(pending, entry)):
                return

    def _is_through(self, pending: Pending, entry: Entry | None) -> bool:
        """Whether nothing is left to do, or nothing can be done now, for who came with `entry`."""
        if not pending.queue:
            pending.left = False
            if not pending.queue:
                return True
        return self._is_done(pending, entry) or self._is_resting(pending)

    @staticmethod
    def _is_done(pending: Pending, entry: Entry | None) -> bool:
        return entry is not None and not pending.left and entry not in pending.queue

    def _is_resting(self, pending: Pending) -> bool:
        return bool(pending.retry_at) and self._clock() < pending.retry_at

    def _carry_out(self, pending: Pending, turn: Turn) -> None:
        """Do it, unless somebody else did or does."""
        began = self._clock()
        try:
            turn.taken.extend(turn.once)  # as in `append`
        except (OSError, ValueError) as error:  # ValueError: a file object that a forked child closed
            self._failed(pending, turn, error)
        if self._clock() - began > _SLOW_NS:
            self._strike(pending)
        elif pending.strikes:
            pending.strikes = 0

    def _strike(self, pending: Pending) -> None:
        """A write took long; after the second in a row hooks leave writing to the helper."""
        pending.calm = NOT_CALM
        pending.strikes += 1
        if pending.strikes >= _STRIKES and not pending.behind:
            pending.behind = True
            pending.get_help(self._write_out)

    def _acknowledge(self, pending: Pending, turn: Turn) -> None:
        """The bytes are in the kernel: bring them as far as `fsync` says, and take their lines off the queue."""
        if self._sync.is_on:
            self._sync.written()
        self._take_off(pending, turn)
        if pending.retry_at:
            pending.retry_at = 0

    @staticmethod
    def _take_off(pending: Pending, turn: Turn) -> None:
        for entry in turn.entries:
            with suppress(ValueError):  # who cut in, or whom we cut into, took it off
                pending.queue.remove(entry)
        turn.entries = ()

    def _go_on_after(self, pending: Pending, turn: Turn, taken: int | None, *, leave: bool = False) -> None:
        """Put behind a turn what its unwritten part makes necessary, in another file if this one is to be left."""
        # In a shared file others may have written behind the torn part: that is looked at.
        call = self._file.resume if self._file is not None and self._sink.shared else self._sink.write
        taken = 0 if taken is None or taken == DROPPED else taken
        new = after_part(turn, taken, None if leave else call)
        if leave and new.taken:
            new.end = new.then._replace(stage=NO_FILE)
        pending.follow(turn, new)

    # -- trouble

    def _failed(self, pending: Pending, turn: Turn, error: OSError | ValueError) -> None:
        if pending.is_over:
            return  # we are a forked child, inside what was its parent's
        code = error.errno if isinstance(error, OSError) else errno.EBADF
        is_new = turn.before.stage == NO_HEAD
        leave = code in _ELSEWHERE
        pending.reason = errno.errorcode.get(code or 0, type(error).__name__)
        self._go_on_after(pending, turn, 0, leave=leave)
        if leave and not is_new:
            most = self._file.limit if self._file is not None else 0
            if code == errno.EFBIG and turn.entries and len(turn.whole) > most:
                pending.give_up(turn.entries[0], "EFBIG")
                self._take_off(pending, standing(turn.before, turn.entries[:1]))
            return
        self._rest(pending, pending.reason, _words(error))

    def _rest(self, pending: Pending, reason: str, words: str) -> None:
        """Leave the disk alone for a while."""
        pending.reason = reason
        pending.calm = NOT_CALM
        pending.retry_at = self._clock() + _RETRY_NS
        most = f"up to {self._settings.max_pending_bytes} bytes"
        self._complain_of_disk(
            f"{words}; the program goes on, steps are kept in memory {most} and written when it works again"
        )

    def _complain_of_disk(self, words: str) -> None:
        where = self._file.path if self._file is not None else "the log"
        complain(f"disk {where}", f"cannot write {where}: {words}")

    def _sync_failed(self, error: OSError) -> None:
        self._complain_of_disk(f"fsync: {_words(error)}")
        what = {"type": type(error).__name__, "message": _words(error)}
        # In the queue only: this is called while lines are being written.
        self._pending.queue.append(
            (self._clock(), body_of({"ev": "log.error", "where": "fsync", "error": what}))
        )

    def _is_astray(self, pending: Pending, turn: Turn) -> bool:
        """Whether the rest of a torn line must not be written any more, since its file is gone."""
        if not isinstance(turn, Work) or not turn.is_rest or not self._composer.must_leave(pending):
            return False
        for _ in turn.claim:  # nobody else does it now
            self._go_on_after(pending, turn, 0, leave=True)
        return False

    def _is_at(self, turn: Turn, frame: FrameType | None) -> bool:
        """Whether the thread whose innermost frame this is carries out `turn`."""
        inner = None
        while frame is not None:
            code = frame.f_code
            # Where `append` has gone on to `_write_out`, it only waits for others.
            if code in self._AT_WORK and inner is not self._WAITING and frame.f_locals.get("turn") is turn:
                return True
            inner, frame = code, frame.f_back
        return False

    _AT_WORK: Final = (_append.__code__, _carry_out.__code__)
    _WAITING: Final = _write_out.__code__


def _words(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
