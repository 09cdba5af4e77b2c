"""Who draws a run and a log where a notebook asks for HTML: what is bound here from above, else a plain tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Frames:
    """What makes HTML of the reader's runs, and of its logs; each may give None: too large to be drawn."""

    run: Callable[[Any], str | None]
    log: Callable[[Any], str | None]


bound: Frames | None = None
