"""Taking a note: masked, one line, appended with one write, so that several at once lose nothing."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson

from steplog._notes.note import Note, checked_labels, checked_score, checked_text
from steplog._secrets.environment import secrets_of_process
from steplog._secrets.known_values import KnownValues
from steplog._secrets.texts import masked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_FLAGS: Final = (
    os.O_RDWR
    | os.O_APPEND
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)  # else Windows writes \r\n
    | getattr(os, "O_NONBLOCK", 0)  # a planted FIFO would block
)
_MODE: Final = 0o600


def new_note(
    run: str,
    step: int | None = None,
    *,
    text: str = "",
    labels: str | Iterable[str] = (),
    removed: str | Iterable[str] = (),
    score: float | None = None,
    by: str = "",
) -> Note:
    """A note as of now, without secrets. Raises: NoteError if it says nothing, or what no note can say."""
    hide = _Mask().hidden
    return Note(
        id=secrets.token_hex(8),
        ts=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        run=run,
        step=step,
        text=hide(checked_text(text)),
        labels=tuple(map(hide, checked_labels(labels))),
        removed=tuple(map(hide, checked_labels(removed))),
        score=checked_score(score),
        by=hide(checked_text(by)),
    )


def append(file: Path, note: Note) -> Note:
    """Writes the note at the end of the file, made for the user alone if it is missing.

    Raises: OSError, after which nothing of it counts.
    """
    line = orjson.dumps({"v": 1, **note.as_json()}, option=orjson.OPT_APPEND_NEWLINE)
    descriptor = _opened(str(file))
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = (
                b"\n" + line
            )  # somebody was killed in the middle of a line: that one is damaged, ours is not
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
    finally:
        os.close(descriptor)
    return note


def about(note: Note, name: str, errors: Iterable[str]) -> Note:
    """The note with what it is about: the run's name, and the kinds of failure it had there."""
    return replace(note, name=_Mask().hidden(name[:200]), errors=tuple(errors))


def _opened(path: str) -> int:
    try:
        descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _MODE)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, _MODE)  # whatever the umask
    except FileExistsError:
        descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor


class _Mask:
    """Hides secrets: what looks like one, and the values that this process's environment and `.env` hold."""

    def __init__(self) -> None:
        # Of its own: a recorder in this process asks whether it has learnt of a value that is new.
        self._known = KnownValues()
        self._known.add(secrets_of_process())

    def hidden(self, text: str) -> str:
        """The text without secrets, and without what no UTF-8 can say."""
        text = text.encode("utf-8", "replace").decode("utf-8")
        data = text.encode("ascii", "replace")
        spans = sorted(self._known.values_in(text, data, has_long_run=True)) if self._known.kinds else []
        pieces: list[str] = []
        done = 0
        for begin, end, kind in spans:
            if begin >= done:
                pieces += (text[done:begin], f"[masked:{kind}]")
                done = end
        return masked("".join((*pieces, text[done:])), {})
