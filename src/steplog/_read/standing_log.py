"""A log as a whole: its runs, its damages, and the run that somebody means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, overload

from steplog._notes.place import notes_files
from steplog._notes.reading import notes_in
from steplog._read.errors import Ambiguous, NotFound
from steplog._read.files.newest import newest_lines
from steplog._read.files.pieces import NO_END
from steplog._read.runs.all_runs import Runs
from steplog._read.runs.columns import checked
from steplog._show import frames

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from steplog._format.record import Json
    from steplog._notes.note import Note
    from steplog._notes.reading import BadNote, Notes
    from steplog._read.files.catalogue import Catalogue
    from steplog._read.files.digest import RunLines
    from steplog._read.files.lines import BadLine, Line
    from steplog._read.files.log_file import LogFile
    from steplog._read.files.noticed import Noticed
    from steplog._read.files.sequence import Gap
    from steplog._read.files.spans import Shelf
    from steplog._read.runs.run import Run

_FROM_END: Final = re.compile(r"@(?:last|-(?P<back>\d+))")
_DIGITS: Final = re.compile("[0-9a-f]{8,16}")  # of a run's id, enough to mean one run
_UUID: Final = re.compile("[0-9a-f]{32}")
_SHOWN: Final = 8
_SET_BACK: Final = timedelta(hours=1)  # by which a clock may have been set between the runs of a shared file


class Log:
    """A log as it stood when it was read; no file of it is kept open.

    What is asked for is read then, and known from then on.
    """

    def __init__(
        self, paths: tuple[Path, ...], files: tuple[LogFile, ...], catalogue: Catalogue, shelf: Shelf
    ) -> None:
        """`steplog.read` makes it."""
        self._paths = paths
        self._files = files
        self._catalogue = catalogue
        self._shelf = shelf
        self._runs = Runs(catalogue, shelf)

    @property
    def path(self) -> Path:
        """What was read; the first of several."""
        return self._paths[0]

    @property
    def paths(self) -> tuple[Path, ...]:
        """All that was read."""
        return self._paths

    @property
    def segments(self) -> tuple[Path, ...]:
        """Its files, oldest first."""
        return tuple(file.path for file in self._files)

    @property
    def runs(self) -> Runs:
        """Its runs, oldest first: to be used as a tuple. `runs[-20:]` reads no more than the ends of its files.

        A writer's runs stand in the order in which it wrote them, those of a file that several processes share in the
        order of the file; those of different files as the times of their starts say.
        """
        return self._runs

    @property
    def bad(self) -> tuple[BadLine, ...]:
        """Each damaged, repeated or unfinished line, by its file and number. For this every line is parsed."""
        return self._judged.bad

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Lines that a writer counted and the log does not have. For this, too, every line is parsed."""
        return self._judged.gaps

    @cached_property
    def _judged(self) -> Noticed:
        return self._catalogue.judge()

    @property
    def lost(self) -> tuple[Mapping[str, Json], ...]:
        """The writers' own `log.lost` lines."""
        return self._noticed_in_all.lost

    @property
    def faults(self) -> tuple[Mapping[str, Json], ...]:
        """The writers' own `log.error` lines."""
        return self._noticed_in_all.faults

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences about what this version of steplog may not understand."""
        return self._noticed_in_all.notices

    @property
    def noticed(self) -> Noticed:
        """`bad`, `gaps`, `lost`, `faults` and `notices` as far as they were seen in what was read up to now.

        Lines inside which something is damaged, though they begin and end as they should, are only seen when they are
        parsed: by `bad`, by the run that they belong to, by `steplog doctor`.
        """
        return self._catalogue.noticed()

    @cached_property
    def _noticed_in_all(self) -> Noticed:
        self._catalogue.all()
        return self._catalogue.noticed()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was noted of its runs, beside it, in order of time; also of runs that are no longer in it."""
        return self._notes.notes

    @property
    def bad_notes(self) -> tuple[BadNote, ...]:
        """Each damaged line among the notes, by its file and number."""
        return self._notes.bad

    @property
    def _notes(self) -> Notes:
        return notes_in(notes_files(self._paths, self.segments))

    def iter_runs(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        status: str | Collection[str] | None = None,
        name: str | Collection[str] | None = None,
        thread: str | Collection[str] | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[Run]:
        """The runs that fit, one after the other; of those gone through nothing is kept.

        since, until: begun at that time or later, and before that time. status, name, thread: one, or several of which
        any will do. limit: at most so many. With `newest_first` no more of the log is read than that takes.
        """
        fits = _Fits(since, until, status, name, thread)
        oldest = None if since is None else since - _SET_BACK
        runs: Iterable[Run] = self._runs.newest() if newest_first else self._runs
        left = -1 if limit is None else limit
        for run in runs:
            if not left or (newest_first and oldest is not None and (run.started or oldest) < oldest):
                return
            if fits.run(run):
                left -= 1
                yield run

    def iter_steps(
        self, *, kinds: Collection[str] | None = None, columns: Iterable[str] | None = None, **runs: Any
    ) -> Iterator[dict[str, Any]]:
        """A flat row for each step: its columns by name, None for what is not known.

        kinds: only steps of these, such as `["llm", "tool"]`. columns: only these. What else `iter_runs` takes says of
        which runs.

        Raises: ValueError if a column is none; its text lists them.
        """
        chosen = checked(columns)
        wanted = None if kinds is None else frozenset(kinds)
        for run in self.iter_runs(**runs):
            try:
                yield from run.rows(wanted, chosen)
            except NotFound:
                continue  # deleted meanwhile: it has expired

    def _repr_html_(self) -> str | None:
        """In a notebook the page with the newest runs, in a frame of its own."""
        return frames.bound.log(self) if frames.bound else None

    def tail(self, count: int = 10) -> list[Line | BadLine]:
        """The `count` newest lines of all its files, oldest first; damages among them. No more is read than that takes.

        They are not counted: their `number` is 0.
        """
        ends = [(file, NO_END if file.is_packed else file.size) for file in self._files]
        return newest_lines(ends, count, are_copies=len(self._paths) > 1)

    def run(self, selector: str | int) -> Run:
        """The run meant: an index (`-1` is the newest), `"@last"`, `"@-2"`, or the beginning of its id.

        The id is the 16 digits or the whole UUID, with or without hyphens. Eight digits or more of the 16 mean the newest
        run that begins so; fewer, or the beginning of a UUID, must fit one id only.

        Raises: NotFound; Ambiguous if the beginning fits several ids.
        """
        if isinstance(selector, int):
            return self._at(selector, str(selector))
        place = _FROM_END.fullmatch(selector)
        if place is not None:
            return self._at(-int(place["back"] or 1), selector)
        wanted = selector.lower().replace("-", "")
        found = self._newest(wanted)
        return self._only(wanted, selector) if found is None else found

    def _at(self, index: int, selector: str) -> Run:
        try:
            return self._runs[index]
        except IndexError:
            raise self._not_found(selector) from None

    def _newest(self, wanted: str) -> Run | None:
        """The newest run whose id begins so; None if that is too short to mean one."""
        if not (_DIGITS.fullmatch(wanted) or _UUID.fullmatch(wanted)):
            return None
        digits = wanted[-16:] if len(wanted) == 32 else wanted
        for lines in self._catalogue.newest():
            if lines.id.startswith(digits) and (digits == wanted or _fits(lines, wanted)):
                return self._runs.run_of(lines)
        return None

    def _only(self, wanted: str, selector: str) -> Run:
        found = [lines for lines in self._catalogue.all() if wanted and _fits(lines, wanted)]
        if not found:
            raise self._not_found(selector)
        ids = dict.fromkeys(lines.id for lines in found)
        if len(ids) > 1:
            some = ", ".join(list(ids)[:_SHOWN]) + (" …" if len(ids) > _SHOWN else "")
            raise Ambiguous(f"{selector!r} fits {len(ids)} runs in {self.path}: {some}; give more digits")
        return self._runs.run_of(found[-1])

    def _not_found(self, selector: str) -> NotFound:
        has = f"it has {len(self._runs)}, and `steplog ls` lists them" if self._runs else "it has no runs yet"
        return NotFound(f"no run {selector!r} in {self.path}: {has}")

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        """The runs, oldest first."""
        return iter(self._runs)

    @overload
    def __getitem__(self, selector: str | int) -> Run: ...
    @overload
    def __getitem__(self, selector: slice) -> tuple[Run, ...]: ...
    def __getitem__(self, selector: str | int | slice) -> Run | tuple[Run, ...]:
        """`log["@last"]`, `log["8f3a1c2b"]`, `log[-1]`: the run meant, as `run` has it; `log[-20:]`: several."""
        return self._runs[selector] if isinstance(selector, slice) else self.run(selector)

    def __repr__(self) -> str:
        """The log in one line; nothing is read for it."""
        return f"<Log {', '.join(map(str, self._paths))}: {len(self._files)} files>"


@dataclass(frozen=True, slots=True)
class _Fits:
    """What runs are asked for."""

    since: datetime | None
    until: datetime | None
    status: str | Collection[str] | None
    name: str | Collection[str] | None
    thread: str | Collection[str] | None

    def run(self, run: Run) -> bool:
        if self.since is not None or self.until is not None:
            began = run.started
            if began is None or (self.since and began < self.since) or (self.until and began >= self.until):
                return False
        return (
            (self.name is None or _is(run.name, self.name))
            and (self.thread is None or _is(run.thread, self.thread))
            and (self.status is None or _is(run.status, self.status))
        )


def _is(value: str, wanted: str | Collection[str]) -> bool:
    return value == wanted if isinstance(wanted, str) else value in wanted


def _fits(lines: RunLines, wanted: str) -> bool:
    uuid = str((lines.start or {}).get("id") or "")
    return lines.id.startswith(wanted) or uuid.lower().replace("-", "").startswith(wanted)
