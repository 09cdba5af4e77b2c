"""How a run without an end stands: running, crashed, or not to be told from here."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._format.record import Record

RUNNING: Final = "running"
CRASHED: Final = "crashed"
UNFINISHED: Final = "unfinished"
INTERRUPTED: Final = "interrupted"


def liveness(writers: Iterable[tuple[Record, bool]]) -> str:
    """The status of a run that has no `run.end`, from its writers' `log.open` records and whether each has closed.

    `running`: a writer has not closed its log, and its process lives on this machine (same host, boot id, pid, and
    kernel start time, so that a reused pid does not count; a zombie is dead).
    `crashed`: every writer closed its log with the run open, or its process is gone (or its machine rebooted).
    `unfinished`: written on another host, or the writer's `log.open` is lost: from here nobody can tell.
    """
    verdicts = {_verdict(opened, closed=closed) for opened, closed in writers}
    for status in (RUNNING, UNFINISHED):
        if status in verdicts:
            return status
    return CRASHED if verdicts else UNFINISHED


def _verdict(opened: Record, *, closed: bool) -> str:
    if closed:
        return CRASHED
    pid = opened.get("pid")
    if not isinstance(pid, int) or opened.get("host") != socket.gethostname():
        return UNFINISHED
    boot = opened.get("boot")
    if boot and boot_id() and boot != boot_id():
        return CRASHED
    return RUNNING if _is_alive(pid, opened.get("proc_start")) else CRASHED


@cache
def boot_id() -> str:
    """The boot id of this machine; empty where the kernel tells none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def process_start(pid: int) -> tuple[str, int] | None:
    """A process's state letter and start time (kernel ticks since boot), from `/proc`; None if it has no entry."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The command's name stands in parentheses and may hold anything, parentheses and spaces too.
        fields = stat.rpartition(")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def _is_alive(pid: int, proc_start: object) -> bool:
    if Path("/proc/self/stat").exists():
        found = process_start(pid)
        if found is None or found[0] in "ZX":
            return False
        return proc_start is None or str(found[1]) == str(proc_start)
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0
