"""Takes away what only POSIX or Linux has, in every process of a test: as a stand-in for a system that has none of it.

The standard library keeps what it has bound by then; what is imported later, steplog among it, finds nothing.
"""

import asyncio  # noqa: F401 - of POSIX here, as these four are bound to it
import builtins
import errno
import multiprocessing.popen_spawn_posix  # noqa: F401
import os
import subprocess  # noqa: F401
import sys
import tempfile

tempfile._O_TMPFILE_WORKS = False
for module in ("fcntl", "resource", "pwd", "grp"):
    sys.modules[module] = None
posix = sys.modules[os.name]
for name in (
    "fork", "register_at_fork", "O_NOFOLLOW", "O_TMPFILE", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "fchmod", "fchown",
    "pread", "fdatasync",
):  # fmt: skip
    for place in (os, posix):
        if hasattr(place, name):
            delattr(place, name)


def closed_to_proc(function):
    """The function, for which there is no /proc."""

    def call(path=".", *more, **named):
        if isinstance(path, str) and path.startswith("/proc"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return function(path, *more, **named)

    return call


for name in ("open", "stat", "lstat", "listdir", "readlink"):
    for place in (os, posix):
        setattr(place, name, closed_to_proc(getattr(place, name)))
builtins.open = closed_to_proc(builtins.open)
