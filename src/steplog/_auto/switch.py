"""Recording on and off for the whole process, in one line of a program: `steplog.activate()`."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any

from steplog._auto import finder
from steplog._write.guard import complain
from steplog._write.settings.settings import Settings

_in_force: list[Settings] = []


def activate(path: str | os.PathLike[str] | None = None, **settings: Any) -> None:
    """Record every run of every supported framework in this process, from now on, to `path`.

    ```python
    import steplog

    steplog.activate("logs")
    ```

    Before or after the frameworks' import; it imports none of them itself. The settings are those of
    `steplog.Settings`, and a bad one raises `SettingsError`. A second call does nothing; neither does a call under
    `steplog run` or `STEPLOG=1`, where whoever started the program has said what is recorded, and where to.
    """
    asked = Settings.load(path, warn=lambda text: complain("settings", text), **settings)
    if finder.installed():
        if _in_force and (path is not None or settings) and asked != _in_force[0]:
            complain(
                "activate", f"recording to {_in_force[0].path} already; activate() again changes nothing"
            )
        return
    _in_force[:] = [asked]
    # all of them, as found here and now: the program may change its directory before it imports a framework
    finder.install({field.name: getattr(asked, field.name) for field in fields(asked)})


def recording_to() -> str:
    """Where it is recorded to now, or would be: the log's absolute path."""
    return _in_force[0].path if _in_force else Settings.load().path


def deactivate() -> None:
    """Record no more, close the log, and leave the frameworks as they were without us. A second call does nothing."""
    _in_force.clear()
    finder.uninstall()
