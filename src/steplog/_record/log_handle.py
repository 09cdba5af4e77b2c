"""Who records into a log: it holds the process's recorder of that log, answers for it, and gives it back once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self, Unpack
from uuid import UUID

from steplog._format.record import Totals
from steplog._record.runs_of_block import runs_in
from steplog._write.disk.sinks import Sink
from steplog._write.guard import complain
from steplog._write.registry import recorder_for, release
from steplog._write.settings.keywords import SettingsFields
from steplog._write.settings.settings import Settings
from steplog._write.steps.step_recorder import StepRecorder

if TYPE_CHECKING:
    from steplog._read import Run


class LogHandle:
    """What a recorder and the handlers of the frameworks have in common; for `with` and `async with`."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        sink: Sink | None = None,
        **settings: Unpack[SettingsFields],
    ) -> None:
        """Record to `path`, or give the lines to `sink`; a bad argument raises `SettingsError`."""
        loaded = Settings.load(path, warn=lambda text: complain("settings", text), **settings)
        self._steps: StepRecorder = recorder_for(loaded, sink)
        self._path = None if sink is not None else loaded.path
        self._last_before = next(reversed(self._steps.begun_after(None)), None)
        self._runs: tuple[str, ...] | None = None  # those that began while this was open; None while it is

    @property
    def totals(self) -> Totals:
        """Counts and token sums of all runs so far, from memory."""
        return self._steps.totals()

    def totals_of(self, run_id: UUID | str) -> Totals:
        """Counts and token sums of one run, from memory. Raises `KeyError` for an unknown run."""
        return self._steps.totals(run_id)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that began in this process while this was open, as the reader reads them from the log now.

        Raises: LogError where the log cannot be read, or the lines go to a sink of the program's own.
        """
        return runs_in(self._path, self._begun() if self._runs is None else self._runs)

    def close(self) -> None:
        """End what is open and write the log's closing mark, unless others record there; a second call does nothing.

        Not needed, since the end of the process does it.
        """
        if self._runs is None:
            self._runs = self._begun()
            release(self._steps)

    def _begun(self) -> tuple[str, ...]:
        return self._steps.begun_after(self._last_before)

    def __enter__(self) -> Self:
        """This very object."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    async def __aenter__(self) -> Self:
        """As `with`."""
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        """As `with`."""
        self.close()
