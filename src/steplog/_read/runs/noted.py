"""What was noted of a run, and noting something of it: beside the log, which stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from steplog._notes.note import NoteError
from steplog._notes.place import notes_files
from steplog._notes.reading import notes_in
from steplog._notes.writing import about, append, new_note
from steplog._read.errors import LogError
from steplog._read.runs.failures import failures_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steplog._format.record import Json
    from steplog._notes.note import Note
    from steplog._read.runs.source import Source


class NoteFields(TypedDict, total=False):
    """What a note may say beside its text; see `Run.note`."""

    step: int | None
    labels: str | Iterable[str]
    removed: str | Iterable[str]
    score: float | None
    by: str


class NoteGiven(NoteFields, total=False):
    """The same with its text."""

    text: str


def noted_of(source: Source) -> tuple[Note, ...]:
    """What was noted of the run."""
    return tuple(notes_in(notes_files((), source.files)).by_run.get(source.lines.id, ()))


def take_note(source: Source, name: str, failure: Mapping[str, Json] | None, given: NoteGiven) -> Note:
    """Takes a note on the run of this name, which failed so, if it did. Raises: NotFound; LogError."""
    if source.shelf.is_passing:
        raise LogError("this is a copy of a log, which has no place for notes: note where the log is written")
    step = given.get("step")
    steps, own = (source.tree.steps, failure) if step is None else ((source.step(step),), None)
    failures = failures_of(steps, own, name)
    file = notes_files((), source.files)[0]
    try:
        note = new_note(source.lines.id, **given)
        if note.text or note.labels or note.removed or note.score is not None:
            return append(file, about(note, name, failures))
    except NoteError as error:
        raise LogError(str(error)) from None
    except OSError as error:
        raise LogError(f"cannot write a note to {file}: {error.strerror}") from None
    raise LogError("the note says nothing: give a text, a label or a score")
