"""Who draws a run and a log where a notebook asks for them: what is bound here from above, else a plain tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from steplog._read.log import Log
    from steplog._read.runs.run import Run


@dataclass(frozen=True)
class Pictures:
    """What makes HTML of a run, and of a log; each may give None: too large to be drawn."""

    run: Callable[[Run], str | None]
    log: Callable[[Log], str | None]


bound: Pictures | None = None
