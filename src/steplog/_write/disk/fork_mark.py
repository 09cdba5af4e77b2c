"""Whether this process is the one that began: told by the kernel, where it can tell, for the price of reading a byte."""

from __future__ import annotations

import mmap
import os
import sys
from typing import Final, TypeAlias

Mark: TypeAlias = "mmap.mmap | bytes"

_WIPE_ON_FORK: Final = 18  # MADV_WIPEONFORK of Linux 4.14, for which `mmap` has no name
_NO_SUCH_ADVICE: Final = 0x5EED


def process_mark() -> Mark:
    """Something whose first byte, once set, stays so in this process and is 0 in a forked one, whoever forked and how.

    Bytes where the kernel has no such thing: 0 where `getpid` has to be asked for each line, which is ten times dearer.
    """
    if not hasattr(os, "fork"):
        return b"\1"
    if sys.platform != "linux":
        return b"\0"
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_WIPE_ON_FORK)
    except OSError:
        return b"\0"
    try:
        page.madvise(_NO_SUCH_ADVICE)
    except OSError:
        return page
    return b"\0"  # an emulator that says yes to whatever it is asked
