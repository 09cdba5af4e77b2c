"""Advisory locks on files, such as a segment that somebody writes: they fall with the last process that has the file open."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

Claim = Literal["free", "held", "unknown"]

_os: Final[Any] = sys.modules[os.name]  # the functions behind `os`, which event-loop guards let through
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_HELD: Final = frozenset({errno.EAGAIN, errno.EACCES})


def hold(fd: int) -> bool:
    """Lock the file of a descriptor until all copies of the descriptor are closed; False where there are no such locks.

    A forked child has a copy until it closes it or begins another program: so long the file counts as written to.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows

        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


@contextmanager
def claimed(path: Path) -> Generator[Claim]:
    """Whether this file is ours alone within the block: "free", unless somebody has it "held".

    "unknown" where the file system or the platform has no such locks, or the file may not be opened.

    Raises: FileNotFoundError if it is gone.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield "unknown"
        return
    fd = _opened(path)
    try:
        yield _claim(fd, partial(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB))
    finally:
        if fd >= 0:
            _os.close(fd)


def _opened(path: Path) -> int:
    for access in (os.O_RDWR, os.O_RDONLY):  # on network drives only what may be written can be locked alone
        try:
            return _os.open(path, access | _FLAGS)
        except FileNotFoundError:
            raise
        except OSError:
            continue
    return -1


def _claim(fd: int, lock: Callable[[], object]) -> Claim:
    if fd < 0:
        return "unknown"
    try:
        lock()
    except OSError as error:
        return "held" if error.errno in _HELD else "unknown"
    return "free"
