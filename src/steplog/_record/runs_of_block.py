"""The runs that begin while something lasts, read back from the log: what just ran, in one line."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from steplog._write.steps.labels import add_labeller, remove_labeller

if TYPE_CHECKING:
    from steplog._read import Run

_MOST_RUNS: Final = 10_000  # the newest ones


class RunsOfBlock:
    """Notes which runs begin in this process from now on until `close`."""

    def __init__(self, path: str | None) -> None:
        """To be read from the log at `path`; None where the lines go elsewhere."""
        self._path = path
        ids: deque[str] = deque(maxlen=_MOST_RUNS)

        def note(run: str) -> Mapping[str, Any]:
            ids.append(run)
            return {}

        self._ids = ids
        add_labeller(note)
        # Also where nobody closes it: it must not be told of runs for ever.
        self._close = weakref.finalize(self, remove_labeller, note)

    @property
    def runs(self) -> tuple[Run, ...]:
        """Those of them that the log at `path` has, oldest first, as it stands now.

        Raises: LogError where the log cannot be read, or the lines go to a sink of the program's own.
        """
        from steplog._read import LogError, NotALog, read  # noqa: PLC0415 - who only writes never imports the reader

        if self._path is None:
            raise LogError(
                "the lines go to a sink of the program's own: its runs are in no log that could be read"
            )
        wanted = set(self._ids)
        try:
            return tuple(run for run in read(self._path).runs if run.id in wanted)
        except NotALog:
            if wanted:
                raise
            return ()  # nothing ran, so nothing was written

    def close(self) -> None:
        """Note no more; `runs` stay."""
        self._close()
