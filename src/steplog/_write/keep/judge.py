"""Why a segment must stay as it is: somebody may still write to it, or a run that is still open began in it."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from steplog._format.line import decode
from steplog._format.process import Here, fate
from steplog._format.record import Record
from steplog._format.segment_lock import Claim, claimed
from steplog._format.segment_name import segment_name
from steplog._format.zstd import open_segment, unreadable
from steplog._write.keep.open_runs import WriterRuns
from steplog._write.keep.segments import Segment, segment_at

_MOST_OF_A_LINE: Final = 1 << 16
OPEN_RUN: Final = "a run that is still open began in it"


@dataclass(slots=True)
class _Writer:
    """What is known of one writer: its segments' places, why the last of them stays, and its runs, once asked for."""

    parts: list[int] = field(default_factory=list[int])  # sorted
    why: str | None = None
    runs: WriterRuns | None = None


class Judge:
    """Judges the segments of one directory, and remembers what it saw.

    Doubt means that a segment stays. What is remembered of a writer that lives can only become too cautious.
    """

    def __init__(self, directory: str | Path, segments: Iterable[Segment]) -> None:
        """`segments` are all of the directory."""
        self._directory = directory
        self._writers: dict[str, _Writer] = {}
        self.begin_anew(segments)

    def begin_anew(self, segments: Iterable[Segment]) -> None:
        """Judge these, all of the directory or all of some writers, as they are now; what was read need not be again."""
        self._here = Here.now()
        known, self._writers = self._writers, {}
        for segment in segments:
            if segment.stem not in self._writers and segment.stem in known:
                self._writers[segment.stem] = replace(known[segment.stem], why=None)
            self.note(segment.stem, segment.part)

    def note(self, stem: str, part: int) -> None:
        """A segment stands in the directory."""
        writer = self._writers.setdefault(stem, _Writer())
        at = bisect_left(writer.parts, part)
        if writer.parts[at : at + 1] != [part]:
            writer.parts.insert(at, part)
            writer.why = None
            if writer.runs is not None:
                writer.runs.note(part)

    @contextmanager
    def closed(self, segment: Segment) -> Generator[str]:
        """Why nobody may rename or compress this segment now; empty, and nobody else does it, where that may be done.

        Raises: FileNotFoundError if it is gone.
        """
        if segment.is_packed:
            yield ""  # only closed segments are compressed
            return
        opened = _first_record(segment.path)
        if opened is None and self._after(segment) is None:
            # Not claimed: its writer may be about to lock it, and would be refused.
            yield "it does not say who writes it"
            return
        with claimed(Path(segment.path)) as claim:
            yield self._why_open(segment, opened, claim)

    @contextmanager
    def expendable(self, segment: Segment) -> Generator[str]:
        """Why nobody may delete this segment now; empty where that may be done.

        Raises: FileNotFoundError if it is gone.
        """
        with self.closed(segment) as why:
            yield why or self._why_needed(segment)

    def _why_open(self, segment: Segment, opened: Record | None, claim: Claim) -> str:
        after = self._after(segment)
        if claim == "held":
            pid = segment.stem.split("-")[1]
            return "another process is at work on it" if after else f"its writer is alive, process {pid}"
        is_let_go = claim == "free" and opened is not None and self._can_see_locks_of(opened)
        # Anybody can make a file of that name: where locks say nothing, the writer has to stand in it.
        if after is not None and (is_let_go or _is_by_the_writer_of(segment, after)):
            return ""
        if opened is None:
            return "it does not say who writes it"
        return self._why_last(segment, opened, is_let_go=is_let_go)

    def _why_needed(self, segment: Segment) -> str:
        """Why a closed segment of a writer that may still live is needed."""
        writer = self._writers[segment.stem]
        if self._after(segment) is None:
            return ""
        while writer.why is None:
            last = writer.parts[-1]
            why = self._why_stays(self._at(segment.stem, last))
            # While we looked at it, the writer may have begun another.
            writer.why = why if last == writer.parts[-1] else None
        if not writer.why:
            return ""
        writer.runs = writer.runs or WriterRuns(writer.parts)
        is_needed = writer.runs.are_open_in(segment.part, partial(self._at, segment.stem))
        return OPEN_RUN if is_needed else ""

    def _why_stays(self, last: Segment | None) -> str:
        with suppress(FileNotFoundError):
            if last is not None:
                with self.closed(last) as why:
                    return why
        return "its writer's last segment has just gone"

    def _after(self, segment: Segment) -> Segment | None:
        """The writer's next segment, as of now: it may have begun one since the directory was listed."""
        parts = self._writers[segment.stem].parts
        while self._at(segment.stem, parts[-1] + 1) is not None:
            self.note(segment.stem, parts[-1] + 1)
        later = (self._at(segment.stem, part) for part in parts[bisect_right(parts, segment.part) :])
        return next((other for other in later if other is not None), None)

    def _at(self, stem: str, part: int) -> Segment | None:
        return segment_at(self._directory, segment_name(stem, part))

    def _why_last(self, segment: Segment, opened: Record, *, is_let_go: bool) -> str:
        """Why the writer of a segment, the last one of its, may still write to it."""
        found, is_closed = fate(opened, self._here), _ends_closed(segment.path)
        if found == "lives":
            # Whoever closed our descriptor behind our back has not ended our runs.
            return "" if is_closed and is_let_go else f"its writer is alive, process {opened['pid']}"
        if found == "gone" or is_closed or is_let_go:
            return ""
        if opened.get("host") != self._here.host:
            return f"its writer is on another host, {opened.get('host')}"
        return "its writer may be alive in another container"

    def _can_see_locks_of(self, opened: Record) -> bool:
        """Whether a lock of this writer would be seen here: it has one, and its kernel is ours."""
        is_this_kernel = opened.get("boot") == self._here.boot
        if self._here.boot is None:
            is_this_kernel = is_this_kernel and opened.get("host") == self._here.host
        return opened.get("locked") is True and is_this_kernel


def _first_record(path: str) -> Record | None:
    """The `log.open` that a segment begins with; raises FileNotFoundError if it is gone."""
    try:
        with open_segment(Path(path)) as file:
            record = decode(file.readline(_MOST_OF_A_LINE))
    except FileNotFoundError:
        raise
    except (ImportError, *unreadable()):
        return None
    return record if record.get("ev") == "log.open" else None


def _is_by_the_writer_of(segment: Segment, after: Segment) -> bool:
    with suppress(FileNotFoundError):
        opened = _first_record(after.path)
        return opened is not None and segment.stem.endswith(f"-{opened.get('w')}")
    return False


def _ends_closed(path: str) -> bool:
    """Whether the last line of a plain segment is its writer's `log.close`, whole."""
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _MOST_OF_A_LINE))
            lines = file.read()
        record = decode(lines.rstrip(b"\n").rpartition(b"\n")[2])
    except (OSError, ValueError):
        return False
    return record.get("ev") == "log.close" and lines.endswith(b"\n")
