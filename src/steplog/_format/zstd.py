"""A segment's plain text, compressed or not: the zstd module, and what reads from any place in a compressed file."""

from __future__ import annotations

import io
import sys
from bisect import bisect_right
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from steplog._format.segment_name import PACKED
from steplog._format.zstd_frames import Frame, frames

# Python 3.14's own; the same code as a package for those before it.
_MODULES: Final = ("compression.zstd", "backports.zstd")
_AT_ONCE: Final = 1 << 17
_WHOLE: Final = Frame(0, 0, 0, None)


def zstd_module() -> Any:
    """The module; raises `ImportError` where there is none."""
    for name in _MODULES:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise ImportError("no zstd is installed: pip install backports.zstd")


def open_segment(path: Path) -> BinaryIO:
    """A segment's plain text, to be read from any place, whether or not its name says that it is compressed.

    In a compressed file a `seek` unpacks at most one frame in vain (about 1 MiB of plain text; of files that `pack` of
    version 0.1 wrote, which are one frame, all that stands before the place).

    Raises: OSError; ImportError where zstd is needed and not installed. What reading may raise is `unreadable()`.
    """
    if not path.name.endswith(PACKED):
        return path.open("rb")
    return cast("BinaryIO", _Buffered(_Unpacked(path), _AT_ONCE))


def unreadable() -> tuple[type[Exception], ...]:
    """What reading a damaged or cut file may raise, plain or compressed."""
    try:
        return (OSError, EOFError, ValueError, zstd_module().ZstdError)
    except ImportError:
        return (OSError, EOFError, ValueError, ImportError)


class _Buffered(io.BufferedReader):
    """What was read before a cut or damaged place is given; only who reads on meets the error."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As any stream's; `io` itself would lose with the error what the same call had read before it."""
        if size is None or size < 0:
            return super().read(size)
        pieces: list[bytes] = []
        while size > 0:
            try:
                piece = self.read1(size)
            except unreadable():
                if not pieces:
                    raise
                break  # the next call meets it again
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


class _Unpacked(io.RawIOBase):
    """The plain text of a compressed file; after a damaged frame a `seek` behind it goes on."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError`, `ImportError`."""
        self._file: Any = None  # where a file cannot be opened, this object is closed all the same
        self._stream: Any = None
        self._open = zstd_module().open
        self._path = path
        self._file = path.open("rb")
        self._stream = self._open(self._file, "rb")
        self._at = 0
        self._error: Exception | None = None
        self._frames: list[Frame] = []

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def seekable(self) -> bool:
        """Any place can be had."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Some of the plain text from here on; at a cut or damaged place it raises, each time until a `seek`."""
        if self._error is not None:
            raise self._error
        try:
            taken = self._stream.read1(len(buffer))
        except unreadable() as error:
            self._error = error
            raise
        buffer[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)

    def tell(self) -> int:
        """The place in the plain text."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place in the plain text, or to its end where that comes first."""
        place = sys.maxsize if whence == io.SEEK_END else offset + (self._at if whence == io.SEEK_CUR else 0)
        if place < 0:
            raise ValueError(f"negative seek position {place}")
        self._frames = self._frames or frames(self._path)
        best = self._frames[bisect_right(self._frames, place, key=_start) - 1] if self._frames else _WHOLE
        if self._error is not None or not best.start <= self._at <= place:
            self._file.seek(best.at)
            self._stream = self._open(self._file, "rb")
            self._at, self._error = best.start, None
        self._pass_over(place)
        return self._at

    def _pass_over(self, place: int) -> None:
        try:
            while self._at < place and (passed := len(self._stream.read(min(_AT_ONCE, place - self._at)))):
                self._at += passed
        except unreadable() as error:
            self._error = error  # what was unpacked with it is gone: the next `seek` begins at a frame
            raise

    def close(self) -> None:
        """Let go of the file."""
        for opened in (self._stream, self._file):
            if opened is not None:
                opened.close()
        super().close()


def _start(frame: Frame) -> int:
    return frame.start
