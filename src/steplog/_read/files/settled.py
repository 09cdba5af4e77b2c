"""Files read from the first to the last line, where lines are met twice or names do not say how the files hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._read.files.digest import beginning_of, go_on
from steplog._read.files.log_file import found_in
from steplog._read.files.pieces import NO_END
from steplog._read.files.series import Series, in_order, note_seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._read.files.digest import Digest, RunLines
    from steplog._read.files.log_file import LogFile, Parts
    from steplog._read.files.sequence import Sequence as Numbers


def is_told_by_names(files: Sequence[tuple[LogFile, Parts]]) -> bool:
    """Whether these files can be read from their ends: one file, or segments of which each writer has one series."""
    if len(files) == 1:
        return True
    series = {file.writer: file.series for file, _ in files}
    places = {(file.series, file.part) for file, _ in files}
    fits = all(file.writer and series[file.writer] == file.series for file, _ in files)
    return fits and len(places) == len(files)


def settled(files: Sequence[tuple[LogFile, Parts]], *, are_copies: bool) -> list[Series]:
    """All that these files hold, each line once: where it stands first.

    are_copies: the files are of several logs, so that a line that stands there twice is no damage.
    """
    everything = [Series([file], parts, is_read=True) for file, parts in files]
    seen: dict[str, Numbers] = {}
    current: dict[str, RunLines] = {}
    lost: list[RunLines] = []
    for series, (file, parts) in zip(everything, files, strict=True):
        digests = _digests(file, parts, seen, are_copies=are_copies)
        if digests is None:
            series.gone.append(file)
            continue
        for part, found in enumerate(digests):
            series.read.insert(0, (file, part, found))
            note_seen(series.seen, found.seen)
            _take_runs(found, series, current, lost)
    _reunite(everything, in_order(lost))
    _tell_writers(everything)
    return everything


def _digests(
    file: LogFile, parts: Parts, seen: dict[str, Numbers], *, are_copies: bool
) -> list[Digest] | None:
    """What the parts of a file hold that was not seen before; None if it is gone."""
    digests = [parts.digest(file, part) for part in range(len(parts.of(file)))]
    parts.save()
    whole = [found for found in digests if found is not None]
    if len(whole) < len(digests):
        return None
    mine: dict[str, Numbers] = {}
    known = [found for found in whole if not note_seen(mine, found.seen)]
    if known or any(writer in seen and seen[writer].meets(numbers) for writer, numbers in mine.items()):
        stop = NO_END if file.is_packed else file.size
        once = found_in(file, 0, stop, seen=seen, are_copies=are_copies)
        if once is None:
            return None
        whole = [once]
    for found in whole:
        note_seen(seen, found.seen)
    return whole


def _take_runs(found: Digest, series: Series, current: dict[str, RunLines], lost: list[RunLines]) -> None:
    for run in found.runs:
        mine = current.get(run.id)
        if run.start is not None:
            current[run.id] = run
            series.waiting.append(run)
        elif mine is not None:
            go_on(mine, run)
        else:
            lost.append(run)


def _reunite(everything: list[Series], lost: list[RunLines]) -> None:
    """Gives lines without a start to the run that their writer began before them: files may come in any order."""
    begun: dict[str, list[RunLines]] = {}
    for series in everything:
        for run in series.waiting:
            begun.setdefault(run.id, []).append(run)
    of_file = {series.files[0].path: series for series in everything}
    alone: dict[str, RunLines] = {}
    for run in lost:
        mine = beginning_of(run, begun.get(run.id, ())) or alone.get(run.id)
        if mine is not None:
            go_on(mine, run)
        else:
            alone[run.id] = run
    for run in reversed(in_order(alone.values())):
        if run.file is not None:
            of_file[run.file].waiting.appendleft(run)


def _tell_writers(everything: list[Series]) -> None:
    """What the files say of each writer, the last word counting, is known of all of them."""
    for series in everything:
        for _, _, found in reversed(series.read):
            for writer, said in found.writers.items():
                known = everything[0].writers.setdefault(writer, said)
                known.opened, known.is_closed = said.opened or known.opened, said.is_closed
    for series in everything[1:]:
        series.writers = everything[0].writers
