"""Where the notes of a log are: `notes.jsonl` in its directory, or `NAME.notes.jsonl` beside a log of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._format.segment_name import PLAIN, parse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOTES: Final = "notes.jsonl"


def notes_file(file: Path) -> Path:
    """Where notes on the runs in this file of a log are: those of all segments of a directory in one file."""
    if parse(file.name) is not None:
        return file.parent / NOTES
    return file.with_name(f"{file.name.removesuffix(PLAIN)}.{NOTES}")


def notes_files(paths: Iterable[Path], files: Iterable[Path]) -> tuple[Path, ...]:
    """Where the notes of a log may be that was read from these paths, and consists of these files."""
    found = [path / NOTES for path in paths if path.is_dir()]
    return tuple(dict.fromkeys((*found, *map(notes_file, files))))


def is_notes_file(name: str) -> bool:
    """Whether a file of this name in a log's directory holds notes."""
    return name == NOTES or name.endswith(f".{NOTES}")
