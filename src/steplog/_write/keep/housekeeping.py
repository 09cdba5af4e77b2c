"""What a writer does for its directory whenever it begins a segment: delete and compress as the settings say."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

from steplog._format.zstd import zstd_module
from steplog._write.disk import helper_thread
from steplog._write.disk.clock import now_ns
from steplog._write.disk.private_files import posix
from steplog._write.guard import complain
from steplog._write.keep.judge import OPEN_RUN, Judge
from steplog._write.keep.packing import pack, sweep
from steplog._write.keep.retention import Limits, Stock, trim
from steplog._write.keep.segments import Segment, age, segment_at, segments_in, shipped_from
from steplog._write.settings.settings import Settings

_SHARE: Final = 0.01  # of one core's time, which looking at the whole directory may take
_STALEST_NS: Final = 600_000_000_000
_MOST_KNOWN: Final = 512
_BREATH_S: Final = 0.0005
_T = TypeVar("_T")


class Housekeeper:
    """Keeps the directory of one log within its limits, and remembers between two segments what it saw there.

    The whole directory is looked at when the first segment is begun, and then as often as that takes a hundredth of
    the time. In between, a new segment costs the same however many there are: the one that was left is added to what
    is known, and the oldest that are known go.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing is looked at yet."""
        self._directory = settings.path
        self._limits = Limits(settings.keep_days, settings.keep_bytes)
        self._packs = settings.compress
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._left: deque[str] = deque()
        self._lock = threading.Lock()
        self._stock = Stock(0, deque())
        self._judge = Judge(self._directory, ())
        self._counted: dict[str, int] = {}  # the youngest that the last look saw, each with its size then
        self._shipped: frozenset[str] | None = None
        self._knows_all = True
        self._look_at = 0

    def begun(self, left: str | None) -> None:
        """A segment was begun, after the one named `left`. One thread at a time does what this asks for, for all."""
        if self._pid != os.getpid():
            self._begin()  # in a forked child the lock may be held by a thread that is not there
        self._left.append(left or "")
        while self._left and self._lock.acquire(blocking=False):
            try:
                self._keep(self._left.popleft())
            finally:
                self._lock.release()

    def _keep(self, left: str) -> None:
        began = time.thread_time_ns()
        is_due = now_ns() >= self._look_at or not (self._stock.oldest or self._knows_all)
        new = self._look() if is_due else self._added(left)
        if self._limits != Limits(0, 0):
            self._trim()
        if self._packs:
            self._pack(new)
        if is_due:
            self._forget(new)
            spent = time.thread_time_ns() - began
            self._look_at = now_ns() + min(int(spent / _SHARE), _STALEST_NS)

    def _look(self) -> list[Segment]:
        """All segments there are, oldest first."""
        everything = sorted(_calmly(segments_in(self._directory), 128), key=age)
        self._judge.begin_anew(everything)
        self._stock = Stock(sum(segment.size for segment in everything), deque(everything))
        self._counted = {segment.path: segment.size for segment in everything[-_MOST_KNOWN:]}
        self._shipped = shipped_from(self._directory)
        if self._packs and not self._look_at:
            sweep(self._directory, self._now())
        return everything

    def _added(self, left: str) -> list[Segment]:
        """The segment that was left, if there is one; it is younger than all that are known."""
        segment = segment_at(self._directory, left) if left else None
        if segment is None:
            return []
        self._judge.note(segment.stem, segment.part)
        # A look may have counted it while it was still being written.
        self._stock.total += segment.size - self._counted.pop(segment.path, 0)
        if self._knows_all:
            self._stock.oldest = deque(known for known in self._stock.oldest if known.path != segment.path)
            self._stock.oldest.append(segment)
        return [segment]

    def _trim(self) -> None:
        going = trim(self._stock, self._limits, self._judge, now=self._now(), shipped=self._shipped)
        # Runs end: who waits for one is asked again with the next segment. All else can wait for the next look.
        waiting = [segment for segment, why in _calmly(going, 8) if why == OPEN_RUN]
        self._stock.oldest.extendleft(reversed(waiting))

    def _pack(self, segments: list[Segment]) -> None:
        try:
            zstd_module()
        except ImportError as error:
            complain("compress", f"compress: {error}")
            return
        packed: dict[str, Segment] = {}
        for segment, became in _calmly(pack(segments, self._judge), 1):
            if isinstance(became, OSError):
                complain("compress", f"compress: {segment.path} stays as it is: {became.strerror}")
                continue
            packed[segment.path] = became
            self._stock.total += became.size - segment.size
        if packed:
            self._stock.oldest = deque(packed.get(known.path, known) for known in self._stock.oldest)

    def _forget(self, everything: list[Segment]) -> None:
        """Remember the oldest only, and of their writers all: memory stays bounded."""
        oldest = self._stock.oldest
        self._knows_all = len(oldest) <= _MOST_KNOWN
        if not self._knows_all:
            oldest = deque(islice(oldest, _MOST_KNOWN))
        stems = {segment.stem for segment in oldest}
        self._stock = Stock(self._stock.total, oldest)
        self._judge.begin_anew(s for s in everything if s.stem in stems)

    def _now(self) -> float:
        """The file system's clock, which wrote the other times as well: a segment was begun just now."""
        return posix.stat(self._directory).st_mtime


def _calmly(things: Iterable[_T], at_once: int) -> Iterator[_T]:
    """Let the program's own threads have the interpreter after so many of them."""
    for count, thing in enumerate(things, 1):
        if count % at_once == 0:
            helper_thread.pause(_BREATH_S)
        yield thing
