"""Times each hook of a handler, in place: wall time and CPU of the thread it runs in."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stepbench.variant import Hooked, Mode


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a hook, in microseconds; whether it held up the thread that runs the program, or its event loop."""

    hook: str
    wall: float
    cpu: float
    is_in_main: bool


def time_hooks(hooked: Sequence[Hooked], mode: Mode) -> tuple[list[Call], Callable[[], None]]:
    """A list that grows with each call of these hooks from now on, and what ends this."""
    calls: list[Call] = []
    own: list[tuple[Any, str, Any]] = []
    for holder, names in hooked:
        for name in names:
            own.append((holder, name, vars(holder).get(name)))
            # LlamaIndex's handlers are pydantic models, which refuse attributes of other names.
            object.__setattr__(holder, name, _timed(name, getattr(holder, name), calls, mode))

    def undo() -> None:
        for holder, name, hook in own:
            if hook is None:
                object.__delattr__(holder, name)
            else:  # a handler's own, which is not its class's
                object.__setattr__(holder, name, hook)

    return calls, undo


def _timed(name: str, hook: Callable[..., Any], calls: list[Call], mode: Mode) -> Callable[..., Any]:
    main = threading.get_ident()

    def note(cpu: int, wall: int) -> None:
        wall, cpu = time.perf_counter_ns() - wall, time.thread_time_ns() - cpu
        calls.append(Call(name, wall / 1e3, cpu / 1e3, threading.get_ident() == main))

    def timed(*args: Any, **kwargs: Any) -> Any:
        cpu, wall = time.thread_time_ns(), time.perf_counter_ns()
        try:
            return hook(*args, **kwargs)
        finally:
            note(cpu, wall)

    async def timed_async(*args: Any, **kwargs: Any) -> None:
        cpu, wall = time.thread_time_ns(), time.perf_counter_ns()
        try:
            await hook(*args, **kwargs)
        finally:
            note(cpu, wall)

    # steplog's hooks do their work when called, so that in a thread they are timed like plain ones.
    return timed_async if mode == "async" and inspect.iscoroutinefunction(hook) else timed
