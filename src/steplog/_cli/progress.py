"""How far a long read has come: one line on standard error, after a second, where a person looks at it."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steplog._cli.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_QUIET_SECONDS: Final = 1.0
_EVERY_SECONDS: Final = 0.25
_COUNTERS: Final = Path("/proc/self/io")
_ERASE: Final = "\r\x1b[K"


_telling: list[Callable[[], None]] = []  # what ends the telling, while there is one


def over() -> None:
    """Ends the telling, before an answer is printed."""
    while _telling:
        _telling.pop()()


@contextmanager
def progress(path: Path, *, seconds: float = _QUIET_SECONDS) -> Generator[None]:
    """Says what is read of the log at `path` while the block lasts; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(path, seconds, done), daemon=True)

    def end() -> None:
        done.set()
        teller.join()

    teller.start()
    _telling.append(end)
    try:
        yield
    finally:
        over()


def _tell(path: Path, seconds: float, done: threading.Event) -> None:
    begun, before = time.monotonic(), _bytes_read()
    if done.wait(seconds):
        return
    size = _size(path)
    while True:
        # What is read twice is not told apart: beyond the log's size only the time is told.
        read = _bytes_read() - before
        how_far = f"{size_text(read)} of {size_text(size)}" if 0 < read <= size else "still"
        sys.stderr.write(f"{_ERASE}steplog: {how_far}, {time.monotonic() - begun:.0f} s")
        sys.stderr.flush()
        if done.wait(_EVERY_SECONDS):
            break
    sys.stderr.write(_ERASE)
    sys.stderr.flush()


def _bytes_read() -> int:
    """How many bytes this process has read; 0 where the kernel does not count."""
    try:
        return int(_COUNTERS.read_text(encoding="ascii").partition("rchar: ")[2].split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _size(path: Path) -> int:
    try:
        files = [path] if path.is_file() else [file for file in path.iterdir() if file.is_file()]
        return sum(file.stat().st_size for file in files)
    except OSError:
        return 0
