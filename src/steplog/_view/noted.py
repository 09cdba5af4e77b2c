"""Notes for the page: what was noted, and noting more, the one thing that the page writes: beside the log, never into it."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any, cast

import orjson

from steplog._notes.place import NOTES, notes_file, notes_files
from steplog._notes.reading import notes_in
from steplog._read.errors import LogError
from steplog._read.files.segments import segments
from steplog._read.log import read

if TYPE_CHECKING:
    from pathlib import Path

    from steplog._notes.note import Note

MOST_BYTES = 256 * 1024
"""The largest request in which something is noted."""


def notes_of(path: Path) -> dict[str, Any]:
    """The notes beside the log at `path`, and the damages among them."""
    try:
        found = notes_in(notes_files([path], segments(path)))
    except LogError:
        return {"notes": [], "bad": []}
    return {"notes": [note.as_json() for note in found.notes], "bad": list(map(str, found.bad))}


def noted_state(path: Path) -> str:
    """A text that changes when somebody notes something; empty without notes. It is asked for each second."""
    try:
        stat = (path / NOTES if path.is_dir() else notes_file(path)).stat()
    except OSError:
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def take(path: Path, body: bytes) -> Note:
    """Takes the note that a request asks for. Raises: LogError."""
    try:
        asked: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise LogError(f"no note: {error}") from None
    given = cast("dict[str, Any]", asked) if isinstance(asked, dict) else {}
    step, run = given.get("step"), str(given.get("run") or "").partition("~")[0]
    return (
        read(path)
        .run(run)
        .note(
            str(given.get("text") or ""),
            step=step if type(step) is int else None,
            labels=_texts(given.get("labels")),
            removed=_texts(given.get("removed")),
            by=_login(),
        )
    )


def _texts(value: Any) -> list[str]:
    several = cast("list[Any]", value) if isinstance(value, list) else []
    return [each for each in several if isinstance(each, str)]


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process whose user has no name
        return ""
