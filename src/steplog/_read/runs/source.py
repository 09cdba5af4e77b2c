"""Where a run comes from: what its own lines say, and all of its lines when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from steplog._format.zstd import unreadable
from steplog._read.errors import LogError, NotFound
from steplog._read.files.liveness import CRASHED, INTERRUPTED, RUNNING, UNFINISHED, liveness
from steplog._read.files.spans import records_of
from steplog._read.runs.times import ms_between
from steplog._read.runs.totals import completed, difference, reason, totals_of
from steplog._read.runs.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from steplog._format.record import Json, Record
    from steplog._read.files.catalogue import Catalogue
    from steplog._read.files.digest import RunLines
    from steplog._read.files.lines import BadLine
    from steplog._read.files.spans import Shelf
    from steplog._read.runs.step import Step


_NUMBER = itemgetter("seq")
_MAY_WAIT = frozenset({"", "abandoned", "cancelled"})  # ends of a run that stands at a question all the same


@dataclass(frozen=True, eq=False)
class Source:
    """A run's places in the log. What is read once stays for as long as the run is held."""

    lines: RunLines
    catalogue: Catalogue
    shelf: Shelf

    def before(self) -> Iterator[Source]:
        """The runs that began before it, newest first."""
        began = str(self.began or "")
        for lines in self.catalogue.newest():
            if lines is not self.lines and str((lines.start or {}).get("ts") or lines.ts) <= began:
                yield Source(lines, self.catalogue, self.shelf)

    @property
    def parts(self) -> Sequence[RunLines]:
        """Where its lines stand, one part a file."""
        return (self.lines, *self.lines.then)

    @property
    def start(self) -> Record:
        """What its first line says but its content; empty where that is lost."""
        return self.lines.start or {}

    @property
    def end(self) -> Record | None:
        """What its last line says but its content; None without one. A late real end counts over an implied one."""
        if not self.lines.then:
            return self.lines.end
        ends = [part.end for part in self.parts if part.end is not None]
        real = [end for end in ends if not end.get("implied")]
        return (real or ends or [None])[-1]

    @property
    def began(self) -> Json:
        """The `ts` of its first line."""
        return self.start.get("ts") or self.lines.ts

    @property
    def ms(self) -> float | None:
        """Its duration in milliseconds; without an end, up to its last line."""
        ms = (self.end or {}).get("ms")
        if isinstance(ms, int | float):
            return ms
        return ms_between(
            self.began, max((record.get("ts") or "" for record in self.tree.records), default=None)
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it stands in."""
        return tuple(dict.fromkeys(part.file for part in self.parts))

    @cached_property
    def open_status(self) -> str:
        """How a run without an end stands: whether its process still lives is looked up once."""
        names = (self.lines.writer, *self.lines.others)
        return liveness([self.catalogue.writer(self.lines, name) for name in names])

    @property
    def status(self) -> str:
        """See `Run`."""
        end = self.end
        if end is None:
            return self.open_status
        # A graph that stops for a human ends well as far as its framework is concerned, or its stream is left there: what
        # waits is told by its totals.
        status = str(end.get("status") or "")
        waits = status in _MAY_WAIT and _count(self.totals_written.get("interrupts")) > 0
        return INTERRUPTED if waits else status or "ok"

    @property
    def totals_written(self) -> Mapping[str, Json]:
        """The totals that its last line says; empty without one."""
        totals = (self.end or {}).get("totals")
        return totals if isinstance(totals, dict) else {}

    @property
    def totals(self) -> Mapping[str, Json]:
        """What it took: the sums over its steps in the log, or where they are more what its last line says.

        Where all of its writer's lines from its start to its end are in the log, and none of its own behind that, the
        two are the same: no line needs to be read for it.
        """
        is_known = self.totals_written and "tree" not in self.__dict__ and self.is_whole
        return self.totals_written if is_known else completed(self.sums, self.totals_written)

    @cached_property
    def sums(self) -> Mapping[str, Json]:
        """What its steps in the log add up to."""
        return totals_of(self.tree.lines, self.tree.end)

    @property
    def is_whole(self) -> bool:
        """Whether every line of its writer from its start to its end is in the log, and none of its own behind that."""
        lines = self.lines
        last = max(part.last for part in self.parts) if lines.then else lines.last
        if lines.is_late or lines.others or not (lines.first and last):
            return False
        return self.catalogue.has_all(lines, lines.first, last) and not any(
            map(self.catalogue.is_damaged, self.parts)
        )

    @cached_property
    def tree(self) -> Tree:
        """Its lines as steps.

        Raises: LogError if a file is gone, or was changed since the log was read.
        """
        status = self.open_status if self.end is None else UNFINISHED
        return Tree(self.read[0], status if status in (RUNNING, CRASHED) else UNFINISHED)

    def step(self, number: int) -> Step:
        """The step of that number. Raises: NotFound."""
        found = self.tree.step(number)
        if found is None:
            last = max(self.tree.lines, default=0)
            has = f"its steps go from 1 to {last}" if last else "it has no steps"
            raise NotFound(f"run {self.lines.id} has no step {number}: {has}")
        return found

    @cached_property
    def read(self) -> tuple[list[Record], tuple[BadLine, ...]]:
        """Its lines, each once, in the order of its writer's numbers, and those of its lines that are damaged."""
        records: list[Record] = []
        bad: list[BadLine] = []
        for part in self.parts:
            more, damaged = self._read(part)
            records += more
            bad += damaged
        return self._in_order(records), tuple(bad)

    def _read(self, part: RunLines) -> tuple[list[Record], list[BadLine]]:
        try:
            records, bad = records_of(part, self.shelf)
        except FileNotFoundError:
            raise NotFound(f"cannot read {part.file} again: it was deleted since the log was read") from None
        except (OSError, ImportError) as error:
            reason = getattr(error, "strerror", None) or error
            raise LogError(f"cannot read {part.file} again: {reason}") from None
        except unreadable() as error:
            raise LogError(f"cannot read {part.file} again: {error}") from None
        lost_start = part.start is not None and not any(record["ev"] == "run.start" for record in records)
        if lost_start or not (records or bad):
            raise LogError(f"{part.file} was changed since the log was read: read it again")
        return records, bad

    def _in_order(self, records: list[Record]) -> list[Record]:
        """Each line once, a writer's in the order of their numbers; those of several writers as their times say."""
        if self.lines.others:
            # Only a shared file says on each line whose it is: else the order of the files is all there is.
            return sorted(records, key=lambda record: record.get("ts") or "")
        try:
            numbers: list[int] = list(map(_NUMBER, records))
            if numbers == sorted({*numbers}):
                return records
        except (KeyError, TypeError):  # lines of nobody's numbering: the order of the files is all there is
            return records
        return [once for _, once in sorted({record["seq"]: record for record in reversed(records)}.items())]

    def missing(self) -> Iterator[tuple[int, int]]:
        """Numbers of its writer, first and last, that the log does not have between its first line and its last."""
        numbers = [number for record in self.read[0] if type(number := record.get("seq")) is int]
        if numbers and self.lines.writer:
            for gap in self.catalogue.gaps(self.lines):
                if gap.first < numbers[-1] and gap.last > numbers[0]:
                    yield gap.first, gap.last


def _count(value: Json) -> int:
    return value if isinstance(value, int) else 0


def totals_note(source: Source) -> str:
    """How the totals of a run's last line differ from what its steps add up to, and why; empty if they do not."""
    tree = source.tree
    differs = "" if source.end is None else difference(source.totals_written, source.sums)
    why = reason(tree.records, list(source.missing()), len(source.read[1])) if differs else ""
    return f"{differs}: {why}" if differs else ""
