"""What a variant is: one way to record, or not to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Mode = Literal["sync", "async"]  # whether hooks are called in a thread or in an event loop


Hooked = tuple[Any, Sequence[str]]  # an object, and the names of those of its methods that a framework calls


class Skipped(Exception):  # noqa: N818 - it is no error
    """Why a variant or workload is left out, e.g. that its package is not installed."""


def nothing() -> None:
    """What needs no doing."""


@dataclass(frozen=True)
class Recording:
    """A recorder that is set up.

    handlers: given to each run.
    on, off: switch on what hooks itself into a framework, and off again for the other variants' turns; not timed.
    flush: wait until all is out of the process; counted as CPU of the process, not of the run.
    size: bytes that left the process so far.
    hooked: whose methods are timed one by one.
    """

    handlers: list[Any] = field(default_factory=list)
    on: Callable[[], object] = nothing
    off: Callable[[], object] = nothing
    flush: Callable[[], object] = nothing
    close: Callable[[], object] = nothing
    size: Callable[[], int] | None = None
    hooked: Sequence[Hooked] = ()


@dataclass(frozen=True)
class Variant:
    """One way to record: `start` sets it up, with a folder of its own for hooks called in this mode.

    is_peer: whether it is of another package; is_full: whether that one keeps every kind of step.
    """

    name: str
    says: str
    start: Callable[[Path, Mode], Recording]
    is_peer: bool = False
    is_full: bool = True


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
