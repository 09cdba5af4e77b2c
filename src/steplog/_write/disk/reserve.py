"""A little room held back on the disk, so that a log can say how many lines are lost when the disk is full at its end."""

from __future__ import annotations

import secrets
from typing import Final

from steplog._write.disk.private_files import open_nameless, posix, take_back

ROOM: Final = 8192  # bytes


class Reserve:
    """A file without a name: nobody sees it, and it is gone with the process, however that ends."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._fd = -1
        self._identity = (0, 0)

    def hold(self, directory: str) -> None:
        """Hold room on the disk of `directory`, if there is any to be had."""
        if self._fd >= 0:
            return
        fd = -1
        try:
            fd = open_nameless(directory)
            found = posix.fstat(fd)
            posix.write(fd, secrets.token_bytes(ROOM))  # not zeros, which some disks store in no room at all
        except (OSError, ValueError):
            if fd >= 0:
                take_back(fd)
            return
        self._identity, self._fd = (found.st_dev, found.st_ino), fd

    def give_back(self) -> bool:
        """Whether some room is free again."""
        # Emptied and not only closed: a forked child may have it, too.
        return self._let_go(empty=True)

    def close(self) -> None:
        """Let go of it in this process; a parent keeps what it holds."""
        self._let_go(empty=False)

    def _let_go(self, *, empty: bool) -> bool:
        fd, self._fd = self._fd, -1
        if fd < 0:
            return False
        try:
            found = posix.fstat(fd)
            if (found.st_dev, found.st_ino) != self._identity:
                return False  # the host closed it, and may have its number for a file of its own
            if empty:
                posix.ftruncate(fd, 0)
            posix.close(fd)
        except OSError:
            return False
        return empty
