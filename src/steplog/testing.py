"""For tests: of agents, of programs that record, and of adapters, which all pass the same contract.

An agent's tests say what a run must have done with `expect`, and let a recorded run answer again (`RecordedCalls`).
A program's tests use a `StableRecorder`, or give their recorder a `MemorySink` and look at its `records`, made `stable`
for snapshots. An adapter's tests call `missing_hooks`, `broken` and `assert_nothing_left` with their handler (architecture.md, rule 15).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from steplog._expect.expectation import Expectation, expect
from steplog._record.stable_lines import StableRecorder, stable
from steplog._replay.agent_as_recorded import AgentAsRecorded, agent_as_recorded
from steplog._replay.as_logged import as_logged
from steplog._replay.errors import CannotReplay, NothingLeft, PromptChanged, RecordedFailure
from steplog._replay.recorded_calls import RecordedCall, RecordedCalls, RecordedTools
from steplog._replay.written_test import replay_test
from steplog._write.disk.sinks import MemorySink
from steplog._write.steps.step_recorder import StepRecorder

__all__ = [
    "AgentAsRecorded",
    "CannotReplay",
    "Expectation",
    "MemorySink",
    "NothingLeft",
    "PromptChanged",
    "RecordedCall",
    "RecordedCalls",
    "RecordedFailure",
    "RecordedTools",
    "StableRecorder",
    "agent_as_recorded",
    "as_logged",
    "assert_nothing_left",
    "broken",
    "expect",
    "extractors",
    "missing_hooks",
    "replay_test",
    "stable",
]


def missing_hooks(base: type, handler: type, *, prefix: str = "on_") -> list[str]:
    """Hooks that the framework's `base` class has and `handler` does not override: what a new release added."""
    return sorted(
        name
        for name in dir(base)
        if name.startswith(prefix) and getattr(handler, name, None) in (None, getattr(base, name))
    )


def extractors(module: types.ModuleType) -> list[str]:
    """The names of a module's public functions: in an adapter's `_extract`, its extractors."""
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, types.FunctionType)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]


@contextmanager
def broken(module: types.ModuleType, name: str) -> Generator[list[str]]:
    """Replace one function of an adapter by one that raises; gives a list that its calls are added to.

    What must hold then: the framework's result is the same, the other fields of each line stand, and the log has a
    `log.error` for it.
    """
    calls: list[str] = []
    original: Callable[..., Any] = getattr(module, name)

    def fails(*_: Any, **__: Any) -> Any:
        calls.append(name)
        raise RuntimeError(f"injected into {name}")

    fails.__name__ = name
    setattr(module, name, fails)
    try:
        yield calls
    finally:
        setattr(module, name, original)


def assert_nothing_left(recorder: StepRecorder) -> None:
    """Raise `AssertionError` if the recorder still holds state of steps or runs; call it when all runs are over."""
    sizes = recorder.sizes()
    held = {name: size for name, size in sizes.items() if name in ("steps", "runs", "memory") and size}
    if held:
        raise AssertionError(f"held after all runs are over: {held}")
    if sizes["ended"] > 1024 or sizes["past"] > 256:
        raise AssertionError(f"the memory of what is over has no bound: {sizes}")
