"""A log as a whole: its runs, its damages, and the run that somebody means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from steplog._read.errors import Ambiguous, LogError, NotALog, NotFound
from steplog._read.files.one_pass import Index
from steplog._read.files.segments import log_path, segments
from steplog._read.runs.run import run_of
from steplog._show import frames

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from steplog._format.record import Json
    from steplog._read.files.lines import BadLine
    from steplog._read.files.sequence import Gap
    from steplog._read.runs.run import Run

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_FROM_END: Final = re.compile(r"@(?:last|-(?P<back>\d+))")
_SHOWN: Final = 8


@dataclass(frozen=True, eq=False)
class Log:
    """A log as it stood when it was read; nothing of it is kept open.

    `runs` are oldest first. `bad` names each damaged, repeated or unfinished line. `gaps` are lines that a writer
    counted and the log does not have; `lost` the writers' own `log.lost` lines, `faults` their `log.error` lines.
    `notices` are sentences about what this version of steplog may not understand.
    """

    path: Path
    segments: tuple[Path, ...]
    runs: tuple[Run, ...]
    bad: tuple[BadLine, ...]
    gaps: tuple[Gap, ...]
    lost: tuple[Mapping[str, Json], ...]
    faults: tuple[Mapping[str, Json], ...]
    notices: tuple[str, ...]

    def run(self, selector: str | int) -> Run:
        """The run meant: an index (`-1` is the newest), `"@last"`, `"@-2"`, or the beginning of its id.

        The id is the 16 digits or the whole UUID, with or without hyphens. Where a program used one id several times,
        the whole id means the newest of them.

        Raises: NotFound; Ambiguous if the beginning fits several ids.
        """
        if isinstance(selector, int):
            return self._at(selector, str(selector))
        place = _FROM_END.fullmatch(selector)
        if place is not None:
            return self._at(-int(place["back"] or 1), selector)
        wanted = selector.lower().replace("-", "")
        found = [run for run in self.runs if wanted and _fits(run, wanted)]
        if not found:
            raise self._not_found(selector)
        ids = dict.fromkeys(run.id for run in found)
        if len(ids) > 1:
            some = ", ".join(list(ids)[:_SHOWN]) + (" …" if len(ids) > _SHOWN else "")
            raise Ambiguous(f"{selector!r} fits {len(ids)} runs in {self.path}: {some}; give more digits")
        return found[-1]

    def _repr_html_(self) -> str | None:
        """In a notebook the page with the newest runs, in a frame of its own."""
        return frames.bound.log(self) if frames.bound else None

    def _at(self, index: int, selector: str) -> Run:
        try:
            return self.runs[index]
        except IndexError:
            raise self._not_found(selector) from None

    def _not_found(self, selector: str) -> NotFound:
        has = f"it has {len(self.runs)}, and `steplog ls` lists them" if self.runs else "it has no runs yet"
        return NotFound(f"no run {selector!r} in {self.path}: {has}")


def _fits(run: Run, wanted: str) -> bool:
    return run.id.startswith(wanted) or run.uuid.lower().replace("-", "").startswith(wanted)


def read(path: str | os.PathLike[str] | None = None) -> Log:
    """The log at `path`: a directory, or one file; without it `$STEPLOG_PATH`, else `./steplogs`.

    Reads every line once and keeps a summary per run; a run's content is read again when it is asked for.
    Damage never raises: it is named in `Log.bad`.

    Raises: NotALog if nothing is there or it is no log; LogError if it may not be read.
    """
    where = log_path(path)
    files = segments(where)
    index = Index()
    index.add_files(files)
    if not index.lines and any(not _could_be_ours(bad) for bad in index.bad):
        raise _no_log(where, index.bad)
    runs = sorted((run_of(summary) for summary in index.runs), key=lambda run: run.started or _LONG_AGO)
    gaps = tuple(gap for writer in index.writers.values() if writer.id for gap in writer.seen.gaps(writer.id))
    return Log(
        path=where,
        segments=files,
        runs=tuple(runs),
        bad=tuple(index.bad),
        gaps=gaps,
        lost=tuple(index.lost),
        faults=tuple(index.faults),
        notices=tuple(dict.fromkeys(index.notices)),
    )


def _could_be_ours(bad: BadLine) -> bool:
    """Whether a damage may be all that a killed process left of a log's first line."""
    return bad.torn and bad.head.startswith(b'{"seq"'[: len(bad.head)])


def _no_log(path: Path, bad: list[BadLine]) -> LogError:
    if not bad[0].number:
        return LogError(f"{bad[0].file} {bad[0].reason}")
    return NotALog(f"{path} is no log: none of its lines is a steplog line ({bad[0].reason})")
