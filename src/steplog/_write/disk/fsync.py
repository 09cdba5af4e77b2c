"""How far a line is brought: into the kernel, or onto the disk itself (`fsync`), at once or within some seconds."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Final

from steplog._write.disk import helper_thread
from steplog._write.disk.file_sink import FileSink
from steplog._write.disk.sinks import Foreign
from steplog._write.settings.settings import Settings

_BETWEEN_FILES: Final = frozenset({errno.EBADF})  # the one left was synced when it was left
_NOT_FOR_DIRECTORIES: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF})


class Sync:
    """Calls fsync as the settings say; a failure is reported and not tried again.

    The kernel has marked the pages clean by then: a second call would succeed and mean nothing.
    """

    def __init__(
        self, file: FileSink | Foreign, settings: Settings, failed: Callable[[OSError], object]
    ) -> None:
        """Sync `file`; `failed` is told what went wrong."""
        self._file = file
        self._failed = failed
        self._is_each = settings.fsync == "always"
        self._every = settings.fsync if isinstance(settings.fsync, float) else 0.0
        self.is_on = isinstance(file, FileSink) and settings.fsync != "never"
        self._is_dirty = self._is_waiting = self._has_failed = False

    def written(self) -> None:
        """Lines are in the kernel; with "always" they are on the disk on return."""
        if self._is_each:
            self.now()
        elif self._every:
            self._is_dirty = True
            if not self._is_waiting:
                self._is_waiting = helper_thread.start(self._later)
            if not self._is_waiting:
                self.now()  # there is no thread to be had

    def now(self) -> None:
        """Sync what was written."""
        self._try(self._file.sync, _BETWEEN_FILES)

    def begun(self) -> None:
        """A file was made: have its name on the disk as well."""
        self._try(self._file.sync_name, _NOT_FOR_DIRECTORIES)

    def _try(self, sync: Callable[[], None], harmless: frozenset[int]) -> None:
        if not self.is_on:
            return
        try:
            sync()
        except OSError as error:
            if error.errno not in harmless:
                had_failed, self._has_failed = self._has_failed, True
                if not had_failed:  # told once, until it works again
                    self._failed(error)
        else:
            self._has_failed = False

    def _later(self) -> None:
        while self._is_dirty:
            helper_thread.pause(self._every)
            self._is_dirty = False
            self.now()
        self._is_waiting = False
        if self._is_dirty:  # a line came between the two
            self._is_waiting = helper_thread.start(self._later)
