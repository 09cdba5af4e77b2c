"""A thread for what no host thread may wait for; started in trouble only, and ended with it."""

from __future__ import annotations

import _thread
import time
from collections.abc import Callable
from typing import Any

from steplog._write.guard import STDERR, contained


def start(call: Callable[..., object], *args: Any) -> bool:
    """Whether `call` now runs in a daemon thread of its own; none can be had while the interpreter ends."""
    # Not threading.Thread: its start waits on locks, and we may be inside a signal handler that interrupted one.
    return contained(STDERR, "background", _thread.start_new_thread, _run, (call, args)) is not None


def pause(seconds: float) -> None:
    """Sleep, in the way of whatever has replaced threads (gevent)."""
    time.sleep(seconds)


def _run(call: Callable[..., object], args: tuple[Any, ...]) -> None:
    contained(STDERR, "background", call, *args)
