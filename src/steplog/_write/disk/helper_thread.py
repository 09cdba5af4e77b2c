"""A thread for what no host thread may wait for; started in trouble only, and ended with it."""

from __future__ import annotations

import _thread
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from steplog._write.guard import STDERR, contained


def start(call: Callable[..., object], *args: Any) -> bool:
    """Whether `call` now runs in a daemon thread of its own; none can be had while the interpreter ends."""
    if not _is_main_interpreter():
        return False  # such an interpreter ends the process where it ends with a thread left
    try:
        # Not threading.Thread: its start waits on locks, and we may be inside a signal handler that interrupted one.
        _thread.start_new_thread(_run, (call, args))
    except RuntimeError:
        return False
    return True


def pause(seconds: float) -> None:
    """Sleep, in the way of whatever has replaced threads (gevent)."""
    time.sleep(seconds)


def _run(call: Callable[..., object], args: tuple[Any, ...]) -> None:
    contained(STDERR, "background", call, *args)


def _is_main_interpreter() -> bool:
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    try:
        interpreters: Any = import_module(name)
    except ImportError:
        return True  # this Python has none
    return interpreters.get_current() == interpreters.get_main()
