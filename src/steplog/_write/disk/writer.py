"""What one process writes to a log: batches carried out one after the other, and what is done about a disk in trouble."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from steplog._format.record import Record
from steplog._write.disk.batch import NO_FILE, READY, Batch, Point, Standing, after_part
from steplog._write.disk.clock import now_ns
from steplog._write.disk.composer import Composer, body_of
from steplog._write.disk.file_sink import FileSink
from steplog._write.disk.fsync import Sync
from steplog._write.disk.gate import AT_ONCE
from steplog._write.disk.pending import LONG, NOT_CALM, Pending
from steplog._write.disk.private_files import new_writer_id
from steplog._write.disk.reserve import ROOM
from steplog._write.disk.sinks import Foreign
from steplog._write.guard import complain, say
from steplog._write.settings.settings import Settings

_REST_NS: Final = 1_000_000_000
_SLOW_NS: Final = 250_000_000  # beside busy threads a healthy write waits up to 5 ms for each of them
_STRIKES: Final = 2
# What passes, and is no better in another file: the rest of a torn line waits for it. None is what a user's sink raised.
_PASSES: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EINTR, errno.ENOMEM, errno.ENOBUFS, None}
)


class Writer:
    """Carries out batches, and sees to it that no record stays in memory that the disk would take."""

    def __init__(
        self,
        sink: FileSink | Foreign,
        settings: Settings,
        facts: Callable[[], Record],
        after_open: Callable[[], object] | None,
    ) -> None:
        """Write to `sink`, which nobody else does; `facts` and `after_open` are those of `Appender`."""
        self.w = new_writer_id()
        self.sink = sink
        self.pending = Pending(os.getpid(), self._write)
        self._settings = settings
        self._after_open = after_open
        self._sync = Sync(sink, settings, self._sync_failed)
        self._composer = Composer(sink, self.w, self.pending, settings, facts, self._open)
        self._strikes = 0
        self._has_failed = False  # and nothing has been written since
        self._has_given_up = False

    def see_to(self, bodies: tuple[bytes, ...], *, is_written: bool) -> None:
        """See to the records that were queued last, unless they are written, and to what other calls have left."""
        pending = self.pending
        if pending.is_inside():
            pending.left = pending.left or not is_written  # the call that we have cut into writes them
        else:
            is_written = is_written or pending.wait(pending.last_number())
            if pending.left:
                pending.left = False
                is_written = pending.write(AT_ONCE) and is_written and not pending.left
            if not is_written:
                pending.get_help()
        if not is_written:
            pending.hold(bodies, self._settings.max_pending_bytes)

    def close(self, last: Record) -> None:
        """Write what is pending and `log.close`; what the disk does not take is counted, in the log and on stderr."""
        pending = self.pending
        before = pending.newest().end
        if before.stage == NO_FILE and not pending.queue:
            return
        self._composer.last_words = last
        is_told = pending.gate.alone(LONG, self._finish)
        self._sync.now()
        if pending.is_inside():
            return  # what we have cut into writes the rest before it leaves
        then = pending.newest().end
        missing = then.lost - before.lost if is_told else max(0, pending.last_number() - 1 - then.number)
        if self._has_given_up or not is_told:
            so_does = "the log says so, too" if is_told else "the log could not say so"
            say(f"cannot write {self.sink.path}: {missing} lines are lost ({pending.reason}); {so_does}")

    def let_go(self) -> bool:
        """Let go of the file, so that a later line opens a new one; False where lines are left that no disk takes."""
        self.pending.gate.alone(LONG, self._let_go)
        return not self.pending.queue

    def end(self) -> None:
        """Write no more: we are in a forked child, or nobody takes the rest."""
        self.pending.is_over = True
        self.sink.close()

    # -- with no other thread at it

    def _write(self, upto: int, is_alone: bool) -> bool:
        pending = self.pending
        if (upto and pending.is_written(upto)) or self._one_line():
            return True
        upto = upto or pending.last_number()
        while not pending.is_over:
            batch = pending.newest()
            if not batch.taken:
                self._carry_out(batch)
                if not batch.taken and not batch.after and not self._is_dropped(batch, is_alone=is_alone):
                    return False
            elif batch.taken[0] != len(batch.whole):
                self._go_on_after(batch, batch.taken[0])
            else:
                if batch.entries:
                    self._acknowledge(batch)
                if pending.is_written(upto):
                    return True
                if now_ns() < pending.rest_until:
                    return False
                new = self._composer.batch_after(batch)
                if new is None:
                    return True
                pending.follow(batch, new)
        return True

    def _is_dropped(self, batch: Batch, *, is_alone: bool) -> bool:
        """Whether a batch that was begun and is not done is in nobody's hands: an exception came before the kernel had it."""
        if not is_alone or not self.pending.side_gate.alone(AT_ONCE, _nothing):
            return False  # another thread, or the call that we have cut into, is in the very call of C that writes it
        if not batch.taken:
            self.pending.follow(batch, after_part(batch, 0))
        return True

    def _one_line(self) -> bool:
        """Whether a single record was all that was pending, nothing else was to be done, and it is written now.

        The same as `_write` does with it, but without calls, which cost more than the work.
        """
        begin, until, offset, shape = self.pending.calm
        queue, done = self.pending.queue, self.pending.batch
        if len(queue) != 1 or done.after or done.entries or not done.taken:
            return False
        try:
            body, number, at = entry = queue[0]
        except IndexError:  # who cut in has written it
            return False
        seq, known, lost, mark, stage, size, total, last = done.steps[-1]
        at += offset
        if not begin <= at < until or at < last or stage != READY or number != known + 1 or not body:
            return False
        line = shape % (seq + 1, (at - begin) // 1000, body[1:])
        n = len(line)
        if size + n > self.sink.limit:
            return False
        then = (seq + 1, number, lost, mark, READY, size + n, total + n, at)
        batch = Batch(self.sink.write, line, done.steps[-1], (then,), (entry,))
        done.after.append(batch)
        if done.after[0] is not batch:
            return False
        self.pending.batch = batch
        try:
            batch.taken.extend(batch.once)  # as in `_carry_out`
        except (OSError, ValueError) as error:
            self._failed(batch, error)
        if not batch.taken or batch.taken[0] != n:
            return False
        try:  # noqa: SIM105 - `suppress` costs as much as the format
            queue.remove(entry)
        except ValueError:
            pass  # who cut in took it off
        batch.entries = ()
        return True

    def _carry_out(self, batch: Batch) -> None:
        began = now_ns()
        try:
            # One call of C: no exception and no signal handler gets between the write and the note of what it took.
            batch.taken.extend(batch.once)
        except (
            OSError,
            ValueError,
        ) as error:  # ValueError: a path with NUL, a file that a forked child closed
            self._failed(batch, error)
        if now_ns() - began <= _SLOW_NS:
            self._strikes = 0
            return
        self._strikes += 1
        self.pending.calm = NOT_CALM  # so that the next one is timed as well
        if self._strikes >= _STRIKES and not self.pending.behind:
            self.pending.behind = True
            self.pending.get_help()

    def _acknowledge(self, batch: Batch) -> None:
        """The bytes are in the kernel: bring them as far as `fsync` says, and take their records off the queue."""
        self._sync.written()
        self._has_failed, self.pending.rest_until = False, 0
        for entry in batch.entries:
            with suppress(ValueError):  # a head; or who cut in, or whom we cut into, took it off
                self.pending.queue.remove(entry)
        batch.entries = ()

    def _go_on_after(self, batch: Batch, taken: int | None) -> None:
        if not taken:
            self._rest("EAGAIN", "it takes nothing now")
        if (
            taken == -1
        ):  # the rest of a line torn in a shared file, behind which others have written: it is written anew
            self.pending.follow(batch, Standing(Point(*batch.start)._replace(stage=READY)))
        else:
            self.pending.follow(batch, after_part(batch, taken or 0))

    def _open(self, stamp: str) -> None:
        self._sync.now()
        self.sink.open(stamp, self.pending.pid, self.w)
        self._sync.begun()
        if self._after_open is not None:
            self._after_open()

    def _let_go(self, _: int, is_alone: bool) -> bool:
        batch = self.pending.newest()
        if is_alone and not self.pending.queue:
            self.pending.follow(batch, Standing(batch.end._replace(stage=NO_FILE)))
            self.sink.close()
        return True

    def _finish(self, _: int, is_alone: bool) -> bool:
        pending = self.pending
        pending.rest_until, pending.behind = 0, False
        self._has_given_up = not self._write(0, is_alone) and self.sink.make_room()
        if self._has_given_up:
            batch = pending.newest()
            if batch.torn is not None and len(batch.torn.rest) > ROOM // 2:
                pending.follow(batch, Standing(batch.end))  # it stays torn: what is lost is to be told
            pending.give_up_all()
        pending.put(b"")
        pending.rest_until = 0
        return self._write(0, is_alone)

    # -- trouble

    def _failed(self, batch: Batch, error: OSError | ValueError) -> None:
        if self.pending.is_over:
            return  # we are in a forked child, inside what was its parent's
        code = error.errno if isinstance(error, OSError) else None
        reason = errno.errorcode.get(code or 0, type(error).__name__)
        new = after_part(batch, 0)
        if code not in _PASSES and Point(*batch.start).stage != NO_FILE:
            new = Standing(new.end._replace(stage=NO_FILE))  # another file may do
            if not self._has_failed:
                reason = ""
        self._has_failed = True
        self.pending.follow(batch, new)
        if reason:
            self._rest(reason, _words(error))

    def _rest(self, reason: str, words: str) -> None:
        """Leave the disk alone for a while, and then to the helper."""
        pending, most = self.pending, self._settings.max_pending_bytes
        pending.reason = reason
        pending.rest_until = now_ns() + _REST_NS
        self._composer.look_soon()
        pending.behind = True
        pending.get_help()
        self._complain(
            f"{words}; the program goes on, steps are kept in memory up to {most} bytes and written when it works again"
        )

    def _complain(self, words: str) -> None:
        complain(f"disk {self.sink.path}", f"cannot write {self.sink.path}: {words}")

    def _sync_failed(self, error: OSError) -> None:
        self._complain(f"fsync: {_words(error)}")
        what = {"type": type(error).__name__, "message": _words(error)}
        # In the queue only: this is called while lines are being written.
        self.pending.put(body_of({"ev": "log.error", "where": "fsync", "error": what}))


def _nothing(_: int, __: bool) -> bool:
    return True


def _words(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
