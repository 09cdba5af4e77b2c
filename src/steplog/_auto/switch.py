"""Recording on and off for the whole process: `steplog.activate()`, and `steplog.recording()` for a block of code."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Self, Unpack

from steplog._auto import finder
from steplog._record.runs_of_block import RunsOfBlock, runs_in
from steplog._write.guard import complain
from steplog._write.settings.keywords import SettingsFields
from steplog._write.settings.settings import Settings

if TYPE_CHECKING:
    from steplog._read import Run

_in_force: list[Settings] = []  # what `activate` was asked for first
_open: set[object] = set()  # one for each `Recording` that is not closed


class Recording:
    """The recording of this process's runs from a moment on; `path` is the log's.

    Recording goes on until every `Recording` is closed, or `deactivate` is called.
    """

    def __init__(self, path: str) -> None:
        """Made by `activate` and `recording`."""
        self.path = path
        self._block = RunsOfBlock()
        self._handle = object()
        _open.add(self._handle)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that began since then and before it was closed, as the reader reads them from the log now.

        Raises: LogError where the log cannot be read.
        """
        return runs_in(self.path, self._block.ids)

    def close(self) -> None:
        """Record no more, unless somebody else does; `runs` can still be read. A second call does nothing."""
        self._block.close()
        if self._handle in _open:
            _open.discard(self._handle)
            if not _open and _in_force:
                deactivate()

    def __enter__(self) -> Self:
        """This recording, which has begun."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    async def __aenter__(self) -> Self:
        """As `with`."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """As `with`."""
        self.close()


def activate(path: str | os.PathLike[str] | None = None, **settings: Unpack[SettingsFields]) -> Recording:
    """Record every run of every supported framework in this process, from now on, to `path`.

    ```python
    import steplog

    steplog.activate("logs")
    ```

    Before or after the frameworks' import; it imports none of them itself. The settings are those of
    `steplog.Settings`, and a bad one raises `SettingsError`. While it is on, another call changes nothing; neither does
    a call under `steplog run` or `STEPLOG=1`, where whoever started the program has said what is recorded, and where to.
    What it gives may be thrown away, closed, or asked for its `runs`.
    """
    asked = Settings.load(path, warn=lambda text: complain("settings", text), **settings)
    if not finder.installed():
        _in_force[:] = [asked]
        # all of them, as found here and now: the program may change its directory before it imports a framework
        finder.install({field.name: getattr(asked, field.name) for field in fields(asked)})
    elif _in_force and (path is not None or settings) and asked != _in_force[0]:
        complain("activate", f"recording to {_in_force[0].path} already; activate() again changes nothing")
    return Recording(recording_to())


def recording(path: str | os.PathLike[str] | None = None, **settings: Unpack[SettingsFields]) -> Recording:
    """Record what a block of code runs, and look at it.

    ```python
    import steplog

    with steplog.recording("logs") as rec:
        ...  # agents of any supported framework, and runs of a steplog.Recorder("logs")
    for run in rec.runs:
        print(run.name, run.status, run.totals)
    ```

    As `activate`, and over with the block, unless something else records the process.
    """
    return activate(path, **settings)


def recording_to() -> str:
    """Where it is recorded to now, or would be: the log's absolute path."""
    return _in_force[0].path if _in_force else Settings.load().path


def deactivate() -> None:
    """Record no more, close the log, and leave the frameworks as they were without us. A second call does nothing."""
    _in_force.clear()
    _open.clear()
    finder.uninstall()
