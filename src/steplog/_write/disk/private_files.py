"""The safe opening of private files."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from contextlib import suppress
from typing import Any, Final

# The module that `os` takes its functions from: names bound here stay the real ones under patching test tools, and
# are let through by event-loop guards, which replace the attributes of `os`.
posix: Final[Any] = sys.modules[os.name]
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_HIGH_DESCRIPTOR: Final = 768
_FLAGS: Final = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_APPEND
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)  # else Windows writes \r\n
)


def new_writer_id() -> str:
    """Eight random characters: 40 bits, so that writers of one directory never meet."""
    return "".join(_ALPHABET[byte & 31] for byte in secrets.token_bytes(8))


def open_segment(directory: str, name: str) -> int:
    """A descriptor of a new file of this writer's own in `directory`, made if missing; raises `OSError`."""
    make_private(directory)
    fd = _opened(os.path.join(directory, name), _FLAGS | os.O_EXCL)  # noqa: PTH118 - pathlib costs 10 us here
    _set_mode(fd, 0o600)  # whatever the umask
    return fd


def open_shared(path: str) -> int:
    """A descriptor of a file that several processes append to; raises `OSError` where that is no regular file."""
    make_private(os.path.dirname(path))  # noqa: PTH120 - as above
    # A planted FIFO would block an open for writing until somebody reads it.
    flags = _FLAGS | getattr(os, "O_NONBLOCK", 0)
    try:
        fd = _opened(path, flags | os.O_EXCL)
    except FileExistsError:
        return _opened(path, flags)
    _set_mode(fd, 0o600)
    return fd


def open_nameless(directory: str) -> int:
    """A descriptor of a new file on the disk of `directory` that has no name; raises `OSError`."""
    flags, nameless = os.O_RDWR | getattr(os, "O_CLOEXEC", 0), getattr(os, "O_TMPFILE", 0)
    if nameless:
        try:
            return _out_of_reach(posix.open(directory, flags | nameless, 0o600))
        except OSError:
            pass  # not every disk knows such files
    path = os.path.join(directory, f".{new_writer_id()}.room")  # noqa: PTH118 - pathlib costs 10 us here
    fd = posix.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    posix.unlink(path)
    return _out_of_reach(fd)


def _opened(path: str, flags: int) -> int:
    fd = posix.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(posix.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return _out_of_reach(fd)
    except OSError:
        take_back(fd, path if flags & os.O_EXCL else "")
        raise


def take_back(fd: int, path: str = "") -> None:
    """Close a descriptor that nothing was written to, and delete the file that was made for it, if `path` names one."""
    with suppress(OSError):
        posix.close(fd)
    if path:
        with suppress(OSError):
            posix.unlink(path)


def _out_of_reach(fd: int) -> int:
    """The descriptor moved to a high number, which a host that closes and reopens low ones never gets by chance."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
        import resource  # noqa: PLC0415 - not on Windows

        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = _HIGH_DESCRIPTOR if most > _HIGH_DESCRIPTOR + 64 or most < 0 else most * 3 // 4
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
    except (ImportError, OSError, ValueError):
        return fd
    take_back(fd)
    return high


def _set_mode(fd: int, mode: int) -> None:
    # A disk that keeps no modes refuses; the file was made for the user alone, less what the umask takes.
    if hasattr(posix, "fchmod"):
        with suppress(OSError):
            posix.fchmod(fd, mode)


def make_private(directory: str) -> None:
    """Make a directory and what is missing above it, for the user alone; raises `OSError`."""
    missing: list[str] = []
    while directory and not _is_directory(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)  # noqa: PTH120 - as above
    for path in reversed(missing):
        try:
            posix.mkdir(path, 0o700)
        except FileExistsError:
            if not _is_directory(path):  # else another process was faster
                raise
        else:
            with suppress(OSError):
                posix.chmod(path, 0o700)  # whatever the umask


def stands(path: str) -> bool:
    """Whether anything has this name, be it a link to nowhere."""
    try:
        posix.lstat(path)
    except OSError:
        return False
    return True


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(posix.stat(path).st_mode)
    except FileNotFoundError:
        return False
