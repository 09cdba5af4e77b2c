"""The one call of foreign code there is, `str()` of an exception, ended where it does not return."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, Final

_PATIENCE: Final = 1.0  # seconds
_MOST_SILENT: Final = 256
_silent: list[type] = []  # classes of which nothing came in time: nobody waits for them again


def said_in_time(error: BaseException, *, patience: float = _PATIENCE) -> str:
    """`str()` of an exception, from a thread of its own: what never returns costs `patience` seconds once for its class.

    Raises: TimeoutError; whatever its class raises.
    """
    cls = type(error)
    if any(one is cls for one in _silent):
        raise TimeoutError
    # Its `get` waits in C, which no guard of an event loop takes for blocking.
    answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
    try:
        thread = _thread.start_new_thread(copy_context().run, (_say, error, answers.put))
    except RuntimeError:  # no thread is to be had, as when the interpreter ends
        return str(error)
    try:
        said, failure = answers.get(timeout=patience)
    except Empty:
        _silent.append(cls)
        del _silent[:-_MOST_SILENT]
        _end(thread)
        raise TimeoutError from None
    if failure is not None:
        raise failure
    return said


def _say(error: BaseException, put: Callable[[tuple[Any, BaseException | None]], None]) -> None:
    try:
        put((str(error), None))
    except BaseException as failure:  # noqa: BLE001 - raised again where somebody waits for it
        put((None, failure))


def _end(thread: int) -> None:
    """Raise in a thread that loops; one that waits for something stays, and keeps nobody from going."""
    with suppress(ImportError, AttributeError):
        import ctypes  # noqa: PLC0415 -- only what never returns needs it

        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(SystemExit))
