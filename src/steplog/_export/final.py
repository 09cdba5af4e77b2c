"""Which runs can be told to a target that keeps the first thing it hears: those that get no other end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from steplog._read.runs.run import Run

FINAL: Final = frozenset({"ok", "error", "cancelled", "interrupted", "abandoned", "handoff", "crashed"})


def is_final(run: Run, *, unfinished: bool = False) -> bool:
    """Whether a run gets no other end: it ended, or its process is gone. Another host's may be told `unfinished`."""
    return run.status in FINAL or (unfinished and run.status == "unfinished")
