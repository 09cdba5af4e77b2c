"""The same tool called with the same arguments, again and again in one agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from steplog._write.steps.states import StepState


class Repeats:
    """How often in a row each agent of a run has made the same call."""

    def __init__(self) -> None:
        """No call yet."""
        self._last: dict[StepState, tuple[str, bytes, int]] = {}

    def add(self, agent: StepState, tool: str | None, args: Any) -> tuple[str, int]:
        """The agent calls the tool; its name, and how often in a row it was called so."""
        name, given = tool or "", _told(args)
        before = self._last.get(agent)
        times = before[2] + 1 if before is not None and before[:2] == (name, given) else 1
        self._last[agent] = (name, given, times)
        return name, times

    def forget(self) -> None:
        """The run is over."""
        self._last.clear()


def _told(args: Any) -> bytes:
    value = dict(args) if isinstance(args, Mapping) else args
    try:
        return orjson.dumps(value, default=repr, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except (TypeError, RecursionError):  # what cannot be told cannot be compared
        return b"%d" % id(args)
