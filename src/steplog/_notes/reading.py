"""The notes in a file: every good line a note, every damage named, never an exception for data."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import orjson

from steplog._notes.note import Note, NoteError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_KEPT: Final = 8  # files whose notes are remembered for as long as they do not change


@dataclass(frozen=True, slots=True)
class BadNote:
    """A line among notes that is none: its file, its number from 1 (0: the file could not be read), and why."""

    file: Path
    number: int
    reason: str

    def __str__(self) -> str:
        """The damage as one sentence."""
        place = f", line {self.number}" if self.number else ""
        return f"{self.file}{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes in the order in which they were taken, the lines that are none, and the notes of each run by its id."""

    notes: tuple[Note, ...] = ()
    bad: tuple[BadNote, ...] = ()
    by_run: dict[str, list[Note]] = field(default_factory=dict[str, list[Note]])


def notes_in(files: Iterable[Path]) -> Notes:
    """The notes in these files, each once: copies of a log may hold the same."""
    several = [_notes_at(file) for file in files]
    if len(several) == 1:
        return several[0]
    once = {note.id: note for each in several for note in each.notes}
    return _told(sorted(once.values(), key=_when), [bad for each in several for bad in each.bad])


def _when(note: Note) -> str:
    return note.ts


def _notes_at(file: Path) -> Notes:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return Notes()
    except OSError as error:
        return Notes(bad=(BadNote(file, 0, f"cannot be read: {error.strerror}"),))
    return _read(file, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(_KEPT)
def _read(file: Path, state: tuple[int, int, int]) -> Notes:
    del state  # tells whether what is remembered still holds
    try:
        data = file.read_bytes()
    except OSError as error:
        return Notes(bad=(BadNote(file, 0, f"cannot be read: {error.strerror}"),))
    notes: dict[str, Note] = {}
    bad: list[BadNote] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
            note = Note.of(record if isinstance(record, dict) else {})
            notes.setdefault(note.id, note)
        except orjson.JSONDecodeError as error:
            bad.append(BadNote(file, number, f"no note: no JSON ({error})"))
        except NoteError as error:
            bad.append(BadNote(file, number, str(error)))
    return _told(notes.values(), bad)


def _told(notes: Iterable[Note], bad: Iterable[BadNote]) -> Notes:
    found = Notes(tuple(notes), tuple(bad))
    for note in found.notes:
        found.by_run.setdefault(note.run, []).append(note)
    return found
