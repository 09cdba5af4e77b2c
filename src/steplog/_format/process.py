"""Which process this is, and whether the process that began a log still lives."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

Fate = Literal["lives", "gone", "seems gone", "unknown"]

# The functions behind `os`, which nobody patches, and which event-loop guards let through.
_os: Final[Any] = sys.modules[os.name]
_PYTHON: Final = "{}.{}.{}".format(*sys.version_info[:3])
# The inode of the pid namespace that holds all others of a machine (Linux).
_FIRST_NAMESPACE: Final = 0xEFFFFFFC


def process_facts() -> dict[str, Any]:
    """Host, pid, parent, kernel start time (ticks), boot id, pid namespace, Python version and `argv[0]` of this process."""
    return {
        "host": host_name(),
        "pid": os.getpid(),
        "ppid": _parent(),
        "proc_start": process_start("self"),
        "boot": boot_id(),
        "pidns": pid_namespace(),
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
    """The boot id of this machine; None where the kernel tells none."""
    try:
        return _read("/proc/sys/kernel/random/boot_id").decode("ascii").strip() or None
    except (OSError, ValueError):
        return None


def pid_namespace() -> int | None:
    """The inode of the pid namespace of this process: in another one a pid means another process. None but on Linux."""
    try:
        return _os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return None


@dataclass(frozen=True)
class Here:
    """Where this process is, for judging others by: take a new one for each pass, since processes come and go."""

    host: str
    boot: str | None
    pidns: int | None
    sees_processes: bool

    @staticmethod
    def now() -> Here:
        """Host, boot and pid namespace of this process, and whether /proc shows the processes of that namespace."""
        try:
            # In a new pid namespace /proc is still the old one's until somebody mounts it anew.
            sees = _os.readlink("/proc/self") == str(os.getpid())
        except OSError:
            sees = False
        return Here(host_name(), boot_id(), pid_namespace(), sees)

    def knows_gone(self, start: int) -> bool:
        """Whether certainly no process of this machine has this start time, in whatever namespace."""
        starts = self._all_starts
        # What began after we looked is not among them.
        return starts is not None and start < max(starts) and start not in starts

    @cached_property
    def _all_starts(self) -> frozenset[int] | None:
        """The start times of all processes of this machine; None where they cannot all be seen from here."""
        if not self.sees_processes or self.pidns != _FIRST_NAMESPACE or process_start(1) is None:
            return None
        starts = (process_start(name) for name in _os.listdir("/proc") if name.isdigit())
        return frozenset(start for start in starts if start is not None)


def fate(opened: Mapping[str, Any], here: Here) -> Fate:
    """What became of the process that wrote this `log.open`, as far as it can be told `here`.

    "gone" is certain. "seems gone": there is no such process here, but the line does not say in which pid namespace
    it ran (version 0.1), or /proc is hidden, so that it may live in another one. "unknown": another machine's.
    """
    pid = opened.get("pid")
    if type(pid) is not int or pid <= 0:
        return "unknown"
    is_this_host = opened.get("host") == here.host
    boot, pidns = opened.get("boot"), opened.get("pidns")
    if boot and here.boot and boot != here.boot:
        return "gone" if is_this_host else "unknown"
    is_this_namespace = bool(boot and pidns) and (boot, pidns) == (here.boot, here.pidns)
    if not is_this_namespace and (not is_this_host or (pidns and here.pidns)):
        return "unknown"
    if not here.sees_processes:
        return _fate_by_signal(pid)
    start, at = opened.get("proc_start"), process_start(pid)
    if at is not None and start in (None, at):
        return "lives"
    if is_this_namespace:
        return "unknown" if at is None and _is_hidden(pid) else "gone"
    return "gone" if type(start) is int and here.knows_gone(start) else "seems gone"


def _is_hidden(pid: int) -> bool:
    """Whether another user's process has this number, and /proc, mounted with hidepid, does not show it."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return process_start(pid) is None and not _stands(f"/proc/{pid}")
    except (OSError, OverflowError):
        return False
    return False


def _fate_by_signal(pid: int) -> Fate:
    """Without /proc: whether a signal would find the process; who else may have its number by now is not asked."""
    if pid == os.getpid():
        return "lives"
    if os.name == "nt":
        return "unknown"  # signal 0 is Ctrl-C there
    try:
        os.kill(pid, 0)
    except PermissionError:
        return "lives"
    except (OSError, OverflowError):
        return "seems gone" if sys.platform == "linux" else "gone"
    return "lives"


def _stands(path: str) -> bool:
    try:
        _os.lstat(path)
    except OSError:
        return False
    return True


def _read(path: str) -> bytes:
    fd = _os.open(path, os.O_RDONLY)
    try:
        return _os.read(fd, 4096)
    finally:
        _os.close(fd)
