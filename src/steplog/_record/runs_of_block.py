"""Runs read back from the log by their ids; and which ones begin in this process while something lasts."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from steplog._write.steps.labels import add_labeller, remove_labeller

if TYPE_CHECKING:
    from steplog._read import Run

_MOST_RUNS: Final = 10_000  # the newest ones


def runs_in(path: str | None, ids: Collection[str]) -> tuple[Run, ...]:
    """The runs with these ids that the log at `path` has, oldest first, as it stands now.

    Raises: LogError where the log cannot be read, or there is no path, since the lines go to a sink of the program's own.
    """
    from steplog._read import LogError, NotALog, read  # noqa: PLC0415 - who only writes never imports the reader

    if path is None:
        raise LogError(
            "the lines go to a sink of the program's own: its runs are in no log that could be read"
        )
    wanted = frozenset(ids)
    try:
        return tuple(run for run in read(path).runs if run.id in wanted)
    except NotALog:
        if wanted:
            raise
        return ()  # nothing ran, so nothing was written


class RunsOfBlock:
    """Notes which runs begin in this process, in whatever log, from now on until `close`."""

    def __init__(self) -> None:
        """Begin."""
        ids: deque[str] = deque(maxlen=_MOST_RUNS)

        def note(run: str) -> Mapping[str, Any]:
            ids.append(run)
            return {}

        self.ids = ids
        add_labeller(note)
        # Also where nobody closes it: it must not be told of runs for ever.
        self._close = weakref.finalize(self, remove_labeller, note)

    def close(self) -> None:
        """Note no more; `ids` stay."""
        self._close()
