"""How a run without an end stands: running, crashed, or not to be told from here."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Final

from steplog._format.process import Here, fate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._format.record import Record

RUNNING: Final = "running"
CRASHED: Final = "crashed"
UNFINISHED: Final = "unfinished"
INTERRUPTED: Final = "interrupted"
_VERDICTS: Final = {"lives": RUNNING, "gone": CRASHED, "seems gone": CRASHED, "unknown": UNFINISHED}


def liveness(writers: Iterable[tuple[Record, bool]]) -> str:
    """The status of a run that has no `run.end`, from its writers' `log.open` records and whether each has closed.

    `running`: a writer has not closed its log, and its process lives on this machine (same host, boot id, pid, and
    kernel start time, so that a reused pid does not count; a zombie is dead).
    `crashed`: every writer closed its log with the run open, or its process is gone (or its machine rebooted).
    `unfinished`: written on another host or in another container, or the writer's `log.open` is lost: from here nobody
    can tell.
    """
    verdicts = {_verdict(opened, closed=closed) for opened, closed in writers}
    for status in (RUNNING, UNFINISHED):
        if status in verdicts:
            return status
    return CRASHED if verdicts else UNFINISHED


def _verdict(opened: Record, *, closed: bool) -> str:
    return CRASHED if closed else _VERDICTS[fate(opened, _here(os.getpid()))]


@cache
def _here(pid: int) -> Here:
    """Where process `pid`, this one, is: asked once, since a log may have thousands of runs without an end."""
    del pid
    return Here.now()
