"""Failures of a recorded run, raised again."""

from __future__ import annotations

import builtins
import sys
from typing import TYPE_CHECKING, Any

from steplog._replay.errors import RecordedFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._format.record import Json


def raised_again(error: Mapping[str, Json]) -> Exception:
    """The exception that a log's `error` tells of, of its own class where that is loaded and takes a text alone.

    Else a `RecordedFailure` that names the class: agents that look at the class behave otherwise than they did.
    """
    module, name, message = error.get("module"), error.get("type"), str(error.get("message") or "")
    home: Any = sys.modules.get(module) if isinstance(module, str) else builtins
    cls = getattr(home, name, None) if isinstance(name, str) else None
    if isinstance(cls, type) and issubclass(cls, Exception):
        try:
            again = cls(message)
        except TypeError:  # it wants more than a text
            return RecordedFailure(f"{name}: {message}")
        if str(again) == message:
            return again
    return RecordedFailure(f"{name}: {message}")
