"""Record every span of the process: one handler, on the dispatcher that all others hand on to."""

from __future__ import annotations

import os
from typing import Unpack

from llama_index.observability.steplog._handler import StepLogHandler
from steplog.integration import SettingsFields

_active: list[StepLogHandler] = []


def activate(
    path: str | os.PathLike[str] | None = None, **settings: Unpack[SettingsFields]
) -> StepLogHandler:
    """Record every LlamaIndex and workflow run of this process to `path`; a second call returns the same handler.

    Works before and after runs began; of runs under way, what begins from now on is recorded. Arguments as for
    `StepLogHandler`.
    """
    if not _active:
        _active.append(StepLogHandler(path, **settings).attach())
    return _active[0]


def deactivate() -> None:
    """Record no further runs, end what is open and close the log; leaves no trace in LlamaIndex. Twice is fine."""
    while _active:
        _active.pop().close()
