"""steplog: the flight recorder for LLM agents.

Every step of a run as one JSON line in a local file, written before and after the step's work; and answers from it.
Names load when they are first used: a program that only writes never imports the reader.

PYTEST_DONT_REWRITE: nothing here asserts, and a `.pth` file may import this package before pytest looks at its plugins.
"""

from __future__ import annotations

from steplog._version import __version__

# Not typing's: importing that would cost every launched program 15 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from steplog._auto.boot import boot as boot
    from steplog._auto.notebook import load_ipython_extension as load_ipython_extension
    from steplog._auto.notebook import unload_ipython_extension as unload_ipython_extension
    from steplog._auto.switch import Recording, activate, deactivate, recording
    from steplog._guard.guard import Guard, guard
    from steplog._notes.note import Note
    from steplog._notes.reading import BadNote
    from steplog._read import (
        Ambiguous,
        BadLine,
        Document,
        Gap,
        Line,
        Log,
        LogError,
        Message,
        NotALog,
        NotFound,
        Run,
        Step,
        ToolCall,
        Usage,
        follow,
        read,
    )
    from steplog._record.recorded import RecordedRun, RecordedStep
    from steplog._record.recorder import Recorder
    from steplog._write.disk.sinks import CallableSink, MemorySink
    from steplog._write.settings.settings import Settings, SettingsError
    from steplog._write.steps.watch import BudgetExceeded

__all__ = [
    "Ambiguous",
    "BadLine",
    "BadNote",
    "BudgetExceeded",
    "CallableSink",
    "Document",
    "Gap",
    "Guard",
    "Line",
    "Log",
    "LogError",
    "MemorySink",
    "Message",
    "NotALog",
    "NotFound",
    "Note",
    "RecordedRun",
    "RecordedStep",
    "Recorder",
    "Recording",
    "Run",
    "Settings",
    "SettingsError",
    "Step",
    "ToolCall",
    "Usage",
    "__version__",
    "activate",
    "deactivate",
    "follow",
    "guard",
    "read",
    "recording",
]

_ROOMS = {
    "Note": "steplog._notes.note",
    "BadNote": "steplog._notes.reading",
    "Recorder": "steplog._record.recorder",
    "RecordedRun": "steplog._record.recorded",
    "RecordedStep": "steplog._record.recorded",
    "Settings": "steplog._write.settings.settings",
    "SettingsError": "steplog._write.settings.settings",
    "CallableSink": "steplog._write.disk.sinks",
    "MemorySink": "steplog._write.disk.sinks",
    "Recording": "steplog._auto.switch",
    "activate": "steplog._auto.switch",
    "recording": "steplog._auto.switch",
    "deactivate": "steplog._auto.switch",
    "Guard": "steplog._guard.guard",
    "guard": "steplog._guard.guard",
    "BudgetExceeded": "steplog._write.steps.watch",
    # for steplog-auto and for IPython's %load_ext, not for people
    "boot": "steplog._auto.boot",
    "load_ipython_extension": "steplog._auto.notebook",
    "unload_ipython_extension": "steplog._auto.notebook",
}


def __getattr__(name: str) -> Any:
    if name not in __all__ and name not in _ROOMS:
        raise AttributeError(f"module 'steplog' has no attribute {name!r}")
    # not importlib: `boot` must cost next to nothing
    value = getattr(__import__(_ROOMS.get(name, "steplog._read"), fromlist=(name,)), name)
    if name not in _ROOMS:
        # Whoever reads may look at it in a notebook; the read side itself knows no page.
        __import__("steplog._view.notebook", fromlist=("bind",)).bind()
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
