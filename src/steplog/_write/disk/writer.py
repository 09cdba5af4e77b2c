"""What one process writes to a log: batch after batch, and what is done about a disk that fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Final

from steplog._format.record import Record
from steplog._write.disk.batch import NO_FILE, READY, Batch, Entry, Point, after_part, standing
from steplog._write.disk.clock import now_ns
from steplog._write.disk.composer import NOT_CALM, Composer, body_of
from steplog._write.disk.file_sink import FileSink
from steplog._write.disk.fsync import Sync
from steplog._write.disk.gate import PATIENTLY
from steplog._write.disk.pending import Pending
from steplog._write.disk.private_files import new_writer_id
from steplog._write.disk.reserve import ROOM
from steplog._write.disk.sinks import Foreign
from steplog._write.guard import complain, say
from steplog._write.settings.settings import Settings

_SLOW_NS: Final = 250_000_000  # beside busy threads a healthy write waits up to 5 ms for each of them
_STRIKES: Final = 2
# What passes, and is no better in another file. None is what a user's sink raises.
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
        after_open: Callable[[str | None], object] | None,
    ) -> None:
        """Write to `sink`, which nobody else does; `facts` and `after_open` are those of `Appender`."""
        self.w = new_writer_id()
        self.sink = sink
        self.pending = Pending(os.getpid(), self.write)
        self._settings = settings
        self._after_open = after_open
        self._sync = Sync(sink, settings, self._sync_failed)
        self._composer = Composer(sink, self.w, self.pending, settings, facts, self._open)
        self._strikes = 0
        self._has_failed = False  # and nothing was written since

    def see_to(self, bodies: tuple[bytes, ...], *, is_written: bool) -> None:
        """See to the records that were queued last, unless they are written, and to what other calls have left."""
        pending = self.pending
        if pending.is_inside():
            pending.left |= not is_written  # the call that we have cut into writes them before it leaves
        else:
            is_written = is_written or pending.wait(pending.last_number())
            if pending.left:
                pending.left = False
                is_written = bool(pending.gate.alone(self.write)) and is_written and not pending.left
            if not is_written:
                pending.get_help()
        if not is_written:
            pending.hold(bodies, self._settings.max_pending_bytes)

    def close(self, last: Record) -> None:
        """Write what is pending and `log.close`; what the disk does not take is counted, in the log and on stderr."""
        pending, before = self.pending, self.pending.reached()
        if before.stage == NO_FILE and not pending.queue:
            return
        self._composer.last_words = last
        is_told = pending.gate.alone(self._finish, 0, PATIENTLY)
        self._sync.now()
        then = pending.reached()
        missing = then.lost - before.lost if is_told else pending.last_number() - 1 - then.number
        if missing > 0 and not pending.is_inside():  # else what we have cut into writes them before it leaves
            so_does = "its log says so" if is_told else "its log could not say so"
            say(f"cannot write {self.sink.path}: {missing} lines are lost ({pending.reason}); {so_does}")

    def let_go(self) -> bool:
        """Let go of the file, so that a later line opens a new one; False where lines are left that no disk takes."""
        self.pending.gate.alone(self._let_go, 0, PATIENTLY)
        return not self.pending.queue

    def end(self) -> None:
        """Write no more: we are in a forked child, or nobody takes the rest."""
        self.pending.is_over = True
        self.sink.close()

    # -- with no other thread at it

    def write(self, upto: int, /, *, is_alone: bool) -> bool:
        """Write what is pending, as `Gate` asks; whether it is written.

        A single record where nothing else is to be done is written here, as `_write_all` would do it, but without calls,
        which cost more than the work.
        """
        begin, until, offset, shape = self._composer.calm
        pending = self.pending
        if upto and pending.is_written(upto):
            return True
        queue, done = pending.queue, pending.batch
        if len(queue) != 1 or done.after or done.entries or not done.taken:
            return self._write_all(upto, is_alone=is_alone)
        try:
            body, number, at = entry = queue[0]
        except IndexError:  # who cut in has written it
            return self._write_all(upto, is_alone=is_alone)
        seq, known, lost, mark, stage, size, total, last = start = done.steps[-1]
        at += offset
        seq += 1
        line = shape % (seq, (at - begin) // 1000, body[1:])
        n = len(line)
        size += n
        if (
            not begin <= at < until or at < last or stage != READY or number != known + 1 or not body
            or size > self.sink.limit
        ):  # fmt: skip
            return self._write_all(upto, is_alone=is_alone)
        once = map(self.sink.write, (line,))
        taken: list[int | None] = []
        batch = Batch()  # as `batch_of`
        batch.start, batch.whole, batch.entries, batch.once, batch.taken = start, line, (entry,), once, taken
        batch.steps = ((seq, number, lost, mark, stage, size, total + n, at),)
        batch.after = []
        done.after.append(batch)
        if done.after[0] is not batch:
            return self._write_all(upto, is_alone=is_alone)
        pending.batch = batch
        try:
            taken.extend(once)  # as in `_carry_out`
        except (OSError, ValueError) as error:
            return self._goes_on(batch, 0, error) and self._write_all(upto, is_alone=is_alone)
        if not taken or taken[0] != n:
            return self._write_all(upto, is_alone=is_alone)
        try:  # noqa: SIM105 - `suppress` costs as much as the format
            queue.remove(entry)
        except ValueError:
            pass  # who cut in took it off
        batch.entries = ()
        return True

    def _write_all(self, upto: int, *, is_alone: bool) -> bool:
        pending = self.pending
        upto = upto or pending.last_number()
        while not pending.is_over:
            batch = pending.newest()
            if not batch.taken:
                if not self._carry_out(batch) or self._is_in_other_hands(batch, is_alone=is_alone):
                    return False
            elif batch.taken[0] != len(batch.whole):
                if not self._goes_on(batch, batch.taken[0] or 0):
                    return False
            else:
                if batch.entries:
                    self._acknowledge(batch.entries)
                    batch.entries = ()
                new = None if pending.is_written(upto) else self._composer.batch_after(batch.end)
                if new is None:
                    return True
                pending.follow(batch, new)
        return True

    def _carry_out(self, batch: Batch) -> bool:
        began, goes_on = now_ns(), True
        try:
            # One call of C: no exception and no signal handler gets between the write and the note of what it took.
            batch.taken.extend(batch.once)
        except (OSError, ValueError) as error:  # a path with NUL is a ValueError, and so is a closed file
            goes_on = self._goes_on(batch, 0, error)
        if now_ns() - began <= _SLOW_NS:
            self._strikes = 0
        else:
            self._strikes += 1
            self._composer.calm = NOT_CALM  # so that the next one is timed as well
            if self._strikes >= _STRIKES:
                self._leave_to_helper()
        return goes_on

    def _is_in_other_hands(self, batch: Batch, *, is_alone: bool) -> bool:
        """Whether somebody else is in the call of C that writes a batch: another thread, or what we have cut into."""
        if batch.taken or batch.after:
            return False
        if not is_alone or not self.pending.side_gate.alone(_nothing):
            return True
        # An exception came between: as in EINTR's handler, or as the interpreter ends under who was writing.
        if not batch.taken and (taken := self.sink.taken_beyond(Point(*batch.start).size)):
            batch.taken.append(taken)
        elif not batch.taken:
            self.pending.follow(batch, after_part(batch, 0, self.sink.resume)[0])
        return False

    def _acknowledge(self, entries: tuple[Entry, ...]) -> None:
        """Lines are in the kernel: bring them as far as `fsync` says, and take their records off the queue."""
        self._sync.written()
        self._has_failed = False
        for entry in entries:
            try:  # noqa: SIM105 - as in `write`
                self.pending.queue.remove(entry)
            except ValueError:
                pass  # a head; or who cut in, or whom we cut into, took it off

    def _open(self, stamp: str) -> None:
        self._sync.now()
        self.sink.open(stamp, self.pending.pid, self.w)
        self._sync.begun()
        if self._after_open is not None:
            self._after_open(self.sink.prev)

    def _let_go(self, _: int, /, *, is_alone: bool) -> bool:
        batch = self.pending.newest()
        if is_alone and not self.pending.queue:
            self.pending.follow(batch, standing(batch.end._replace(stage=NO_FILE)))
            self.sink.close()
        return True

    def _finish(self, _: int, /, *, is_alone: bool) -> bool:
        # With the other gate shut as well: the room that is made is for the last words.
        def last_words(_: int, /, **__: bool) -> bool:
            return self._say_last_words(is_alone=is_alone)

        return bool(self.pending.side_gate.alone(last_words, 0, PATIENTLY))

    def _say_last_words(self, *, is_alone: bool) -> bool:
        pending = self.pending
        pending.behind = False
        if not self.write(0, is_alone=is_alone) and is_alone and self.sink.make_room():
            batch, entries = pending.newest(), pending.queue.copy()
            if len(batch.whole) > ROOM // 2:
                # What is torn stays so, as the loss is to be told.
                pending.follow(batch, standing(Point(*batch.start)))
            pending.give_up(entries[0], entries[-1])
            pending.queue.clear()
        pending.put(b"")
        return self.write(0, is_alone=is_alone)

    # -- trouble

    def _goes_on(self, batch: Batch, taken: int, error: OSError | ValueError | None = None) -> bool:
        """Whether more can be written now, after a batch of which only a part was taken."""
        if self.pending.is_over:
            return False  # we are in a forked child, inside what was its parent's
        code = error.errno if isinstance(error, OSError) else None
        leaves = error is not None and code not in _PASSES
        new, written = after_part(batch, max(0, taken), None if leaves else self.sink.resume)
        if (
            taken < 0
        ):  # others have written behind the torn line, or the file is gone: what is left is written anew
            self._composer.look_soon()
            new = standing(Point(*batch.start))
        if written:
            self._acknowledge(written)
        self.pending.follow(batch, new)
        goes_on = bool(taken) or (leaves and bool(batch.entries) and not self._has_failed)
        self._has_failed |= not taken
        if not goes_on:
            self._rest(errno.errorcode.get(code or 0) or type(error).__name__, error)
        return goes_on

    def _rest(self, reason: str, error: OSError | ValueError | None) -> None:
        """Leave the disk alone for a while, and then to the helper."""
        self.pending.reason = reason if error is not None else "EAGAIN"
        self._composer.look_soon()
        self._leave_to_helper()
        words = "it takes nothing now" if error is None else _words(error)
        most = f"{self._settings.max_pending_bytes} bytes"
        self._complain(
            f"{words}; the program goes on, steps are kept in memory up to {most} and written when it works again"
        )

    def _leave_to_helper(self) -> None:
        self.pending.behind = True
        self.pending.get_help()

    def _complain(self, words: str) -> None:
        complain(f"disk {self.sink.path}", f"cannot write {self.sink.path}: {words}")

    def _sync_failed(self, error: OSError) -> None:
        self._complain(f"fsync: {_words(error)}")
        what = {"type": type(error).__name__, "message": _words(error)}
        self.pending.put(body_of({"ev": "log.error", "where": "fsync", "error": what}))
        self.pending.get_help()  # we may be in the middle of a write


def _nothing(_: int, /, *, is_alone: bool) -> bool:
    return is_alone or True


def _words(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
