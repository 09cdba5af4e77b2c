"""The one place that keeps our failures from the host, and says on stderr what the log cannot."""

from __future__ import annotations

import contextlib
import functools
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from steplog._secrets.texts import masked

P = ParamSpec("P")
R = TypeVar("R")

_EVERY_NS: Final = 60 * 1_000_000_000
_clock: Final = (time.monotonic_ns,)  # in a tuple, where a frozen test clock does not reach
_last_said: dict[str, int] = {}
_MOST_SUBJECTS: Final = 64
_untold: deque[str] = deque(maxlen=1000)  # where we failed with no room left to say so
untold: Final = _untold.append  # a call of C: at the recursion limit there is no room for any other


class Reporter(Protocol):
    """Whoever writes a failure of ours into the log."""

    def report(self, where: str, error: BaseException) -> None:
        """Write a `log.error`; never raises."""
        ...


def contained(
    reporter: Reporter, where: str, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> R | None:
    """What `call` returns; None, with a `log.error` in the log, if it raises."""
    try:
        return call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - this is what the function is for
        try:
            reporter.report(where, error)
        except Exception:  # noqa: BLE001 - as below
            untold(where)
        return None


S = TypeVar("S", bound=Reporter)


def guarded(method: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """A method of a `Reporter` that never raises: a failure costs its effect and leaves a `log.error`."""
    where = method.__qualname__

    @functools.wraps(method)
    def safe(self: S, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - as in contained
            try:
                self.report(where, error)
            except Exception:  # noqa: BLE001 - at the recursion limit not even this can be told now
                untold(where)

    return safe


def complain(subject: str, text: str) -> None:
    """One line on stderr, at most once a minute for each subject; never through `logging`, never raises."""
    now = _clock[0]()
    if now - _last_said.get(subject, -_EVERY_NS) < _EVERY_NS:
        return
    if len(_last_said) >= _MOST_SUBJECTS:
        _last_said.clear()
    _last_said[subject] = now
    if _untold:
        text += f" (and {len(_untold)} failures that could not be told, the last in {_untold.pop()})"
        _untold.clear()
    say(text)


def say(text: str) -> None:
    """One line on stderr; never raises."""
    stream: Any = sys.stderr
    with contextlib.suppress(Exception):  # stderr may be closed, replaced, or refused inside an event loop
        stream.write(f"steplog: {masked(text, {})}\n")


class _Stderr:
    """Where a failure goes that happened while a failure was written."""

    def report(self, where: str, error: BaseException) -> None:
        """Say it on stderr."""
        complain("report", f"{where} failed, and so did its report: {type(error).__name__}")


STDERR: Final = _Stderr()
