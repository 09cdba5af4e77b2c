"""What identifies this process, so that a reader can tell whether the writer of a log still lives."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

# As in `segment`: the functions behind `os`, which nobody patches, and which event-loop guards let through.
_os: Final[Any] = sys.modules[os.name]
_PYTHON: Final = "{}.{}.{}".format(*sys.version_info[:3])


def process_facts() -> dict[str, Any]:
    """Host, pid, parent, kernel start time (ticks), boot id, Python version and `argv[0]` of this process."""
    return {
        "host": host_name(),
        "pid": os.getpid(),
        "ppid": _parent(),
        "proc_start": process_start("self"),
        "boot": boot_id(),
        "python": _PYTHON,
        "argv0": sys.argv[0] if getattr(sys, "argv", None) else None,
    }


def host_name() -> str:
    """The name of this machine."""
    if hasattr(_os, "uname"):
        return _os.uname().nodename
    import socket  # noqa: PLC0415 - not needed where there is uname, and slow to import

    return socket.gethostname()


def _parent() -> int:
    # A forkserver's children have the server as their parent; multiprocessing knows who asked for them.
    process = sys.modules.get("multiprocessing.process")
    asked = process.parent_process() if process is not None and hasattr(process, "parent_process") else None
    return asked.pid if asked is not None and asked.pid else os.getppid()


def process_start(pid: int | str) -> int | None:
    """The kernel start time of a process; None where there is none with this number, or it is dead."""
    try:
        # The second field, the command's name, may hold blanks and brackets.
        fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def boot_id() -> str | None:
    """The boot id of this machine."""
    try:
        return _read("/proc/sys/kernel/random/boot_id").decode("ascii").strip()
    except (OSError, ValueError):
        return None


def _read(path: str) -> bytes:
    fd = _os.open(path, os.O_RDONLY)
    try:
        return _os.read(fd, 4096)
    finally:
        _os.close(fd)
