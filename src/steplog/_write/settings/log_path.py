"""Where a log may be: the path that was asked for as an absolute one, or why it can be none."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any, Final

# The functions behind `os`: event-loop guards refuse those of `os`, and a handler may be made inside a loop.
_os: Final[Any] = sys.modules[os.name]
_NO_LOGS: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_A_LOG: Final = "a log is a directory, or one file whose name ends in .jsonl"


def absolute(path: str | os.PathLike[str]) -> str:
    """The absolute path of the log that `path` means; raises `ValueError` with what is wrong with it and the way out."""
    try:
        text: object = os.fspath(path)
    except TypeError:
        text = None
    if type(text) is not str:
        raise ValueError(f"{path!r:.100} is no path: allowed is a text or a pathlib.Path")
    if not text.strip():
        raise ValueError(f"{text!r} names nothing; for the working directory say '.'")
    if "\0" in text:
        raise ValueError(f"{text!r:.100} has a NUL in it, which no file name can")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise ValueError(f"{text!r:.100} cannot be encoded as a file name here") from None
    try:
        full = str(Path(text).expanduser().absolute())
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{text!r}: {error}; an absolute path would do") from None
    if (what := _what_stands_at(full)) is not None:
        raise ValueError(f"{text!r} is {what}; {_A_LOG}")
    return full


def _what_stands_at(path: str) -> str | None:
    """What is there that can never be a log; None for nothing, and for what may be one."""
    try:
        mode = _os.stat(path).st_mode
    except (OSError, ValueError):
        return None  # it is made with the first line, or the writer says why not
    return next((name for is_such, name in _NO_LOGS if is_such(mode)), None)
