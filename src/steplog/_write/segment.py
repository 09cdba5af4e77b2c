"""Where a writer's lines go on disk: names of segments, private files, safe opening."""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
import sys
from typing import Any, Final

# The module that `os` takes its functions from: names bound here stay the real ones under patching test tools.
_os: Final[Any] = sys.modules[os.name]
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_HIGH_DESCRIPTOR: Final = 768
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


def new_writer_id() -> str:
    """Eight random characters: 40 bits, so that writers of one directory never meet."""
    return "".join(_ALPHABET[byte & 31] for byte in secrets.token_bytes(8))


def segment_name(stamp: str, pid: int, w: str) -> str:
    """The file name of a writer's first segment; `stamp` is the line's `ts`."""
    digits = "".join(c for c in stamp if c.isdigit())
    return f"{digits[:8]}T{digits[8:]}Z-{pid}-{w}.jsonl"


def open_segment(directory: str, name: str) -> io.FileIO:
    """A new file of this writer's own in `directory`, which is made if missing; raises `OSError`."""
    _make_private(directory)
    return _opened(os.path.join(directory, name), _FLAGS | os.O_EXCL)  # noqa: PTH118 - pathlib costs 10 us here


def open_shared(path: str) -> io.FileIO:
    """A file that several processes append to; raises `OSError` where the path is no regular file."""
    _make_private(os.path.dirname(path))  # noqa: PTH120 - as above
    # A planted FIFO would block an open for writing until somebody reads it.
    return _opened(path, _FLAGS | getattr(os, "O_NONBLOCK", 0))


def _opened(path: str, flags: int) -> io.FileIO:
    fd = _os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(_os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return io.FileIO(_out_of_reach(fd), "ab", closefd=True)
    except OSError:
        _os.close(fd)
        raise


def _out_of_reach(fd: int) -> int:
    """The descriptor moved to a high number, which a host that closes and reopens low ones never gets by chance."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows

        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    except (ImportError, OSError):
        return fd
    _os.close(fd)
    return high


def _make_private(directory: str) -> None:
    missing: list[str] = []
    while directory and not _is_directory(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)  # noqa: PTH120 - as above
    for path in reversed(missing):
        try:
            _os.mkdir(path, 0o700)
        except FileExistsError:
            if not _is_directory(path):  # else another process was faster
                raise


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(_os.stat(path).st_mode)
    except FileNotFoundError:
        return False
