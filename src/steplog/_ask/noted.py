"""What was noted of a log: which of it is about runs that are no longer there, and how often each label stands."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from steplog._format.segment_name import parse
from steplog._notes.note import labels_of_runs, standing_labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._notes.note import Note
    from steplog._read.log import Log

_NAMED: Final = 5


def gone_notes(log: Log) -> tuple[Note, ...]:
    """The notes on runs that are no longer in the log, since they were pruned: they stay, and so does what they say."""
    notes = log.notes
    # One segment alone is not all that its notes are about.
    if not notes or any(parse(path.name) for path in log.paths):
        return ()
    there = {run.id for run in log.runs}
    return tuple(note for note in notes if note.run not in there)


def gone_sentence(notes: Iterable[Note]) -> str:
    """The runs that these notes are about in a sentence, each with its labels; empty without any."""
    several = list(notes)
    names = {note.run: note.name for note in several}
    labels = labels_of_runs(several)
    told = [
        " ".join(filter(None, (run[:8], name, f"({', '.join(labels[run])})" if run in labels else "")))
        for run, name in names.items()
    ]
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    count = "1 note is" if len(several) == 1 else f"{len(several)} notes are"
    where = "a run that is" if len(told) == 1 else "runs that are"
    return f"{count} about {where} no longer in the log: {', '.join(told[:_NAMED])}{more}" if told else ""


def label_counts(notes: Iterable[Note]) -> dict[str, int]:
    """On how many runs, or steps of them, each label stands, the most frequent first."""
    runs = {(run, label) for (run, _), labels in standing_labels(notes).items() for label in labels}
    return dict(sorted(Counter(label for _, label in runs).items(), key=lambda pair: (-pair[1], pair[0])))
