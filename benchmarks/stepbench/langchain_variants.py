"""Ways to record a LangChain program that need no other package: nothing, the baselines, steplog, LangChain's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.callbacks import FileCallbackHandler

from langchain_steplog import StepLogHandler
from stepbench.baselines import Floor, FloorAsync, NoOp, NoOpAsync, langchain_recording
from stepbench.variant import Mode, Recording, Variant


def _none(_: Path, __: Mode) -> Recording:
    return Recording()


def _noop(_: Path, mode: Mode) -> Recording:
    return langchain_recording(NoOpAsync() if mode == "async" else NoOp())


def _floor(folder: Path, mode: Mode) -> Recording:
    handler = FloorAsync(folder) if mode == "async" else Floor(folder)
    return langchain_recording(handler, close=handler.lines.close)


def _steplog(**settings: Any) -> Callable[[Path, Mode], Recording]:
    def start(folder: Path, _: Mode) -> Recording:
        handler = StepLogHandler(folder, **settings)
        return langchain_recording(handler, close=handler.close)

    return start


def _file(folder: Path, _: Mode) -> Recording:
    handler = FileCallbackHandler(str(folder / "file.txt")).__enter__()
    return langchain_recording(handler, close=handler.close)


VARIANTS = (
    Variant("none", "no handler", _none),
    Variant(
        "no-op",
        "every hook overridden, each does nothing (plain methods; `async def` in an event loop)",
        _noop,
    ),
    Variant(
        "floor", "orjson of all that a hook is given first, one write a hook (`async def` in a loop)", _floor
    ),
    Variant("steplog none", 'content="none"', _steplog(content="none")),
    Variant("steplog preview", 'content="preview"', _steplog(content="preview")),
    Variant("steplog full", "the default: full content, masking on", _steplog()),
    Variant("steplog all", 'detail="all": every hook a line', _steplog(detail="all")),
    Variant("FileCallbackHandler", "LangChain's own; writes no model call", _file),
)
