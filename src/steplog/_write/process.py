"""What identifies this process, so that a reader can tell whether the writer of a log still lives."""

from __future__ import annotations

import os
import platform
import socket
import sys
from typing import Any


def process_facts() -> dict[str, Any]:
    """Host, pid, kernel start time (ticks), boot id, Python version and `argv[0]` of this process."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "proc_start": _proc_start(),
        "boot": _boot_id(),
        "python": platform.python_version(),
        "argv0": sys.argv[0] if getattr(sys, "argv", None) else None,
    }


def _proc_start() -> int | None:
    try:
        with open("/proc/self/stat", "rb") as stat:  # noqa: PTH123 - pathlib stats first, which event loops may refuse
            # The second field, the command's name, may hold blanks and brackets.
            return int(stat.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _boot_id() -> str | None:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:  # noqa: PTH123 - as above
            return boot.read().strip()
    except OSError:
        return None
