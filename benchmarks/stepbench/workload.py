"""What a workload is: a piece of work to be done again and again with different recorders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stepbench.variant import Mode

RunOnce = Callable[[list[Any]], object]  # given the handlers of a variant


@dataclass(frozen=True)
class Workload:
    """A piece of work.

    framework: which recorders it can take.
    prepare: makes what may be reused, and returns what runs once.
    unit, units: what its added cost is divided by, and how many of these one run has.
    rounds, block: how often each variant has its two turns, and runs in a turn.
    mode: whether its hooks are called in an event loop.
    peers: whether packages other than the framework's own and steplog take part.
    """

    name: str
    says: str
    framework: str
    prepare: Callable[[], RunOnce]
    unit: str
    units: int
    rounds: int = 20
    block: int = 5
    mode: Mode = "sync"
    peers: bool = False
