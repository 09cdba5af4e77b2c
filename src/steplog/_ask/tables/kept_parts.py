"""Rows of segments that do not change any more, kept outside the log as Parquet: an optimisation, and never needed.

For each segment there are two files in the user's cache directory, for the user alone: the rows, and what they are of, with
checksums of both. What is missing, damaged, of another version, or of a file that has changed since, is made again.
"""

from __future__ import annotations

import os
import re
import time
from binascii import crc32
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._read.files.cache import cache_folder, key_of
from steplog._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION: Final = f"{__version__}-rows-2"  # of what the rows are: a change of it forgets them all
_FOLDER: Final = "rows"
_FACTS: Final = ".json"
_ROWS: Final = ".parquet"
WORTH_KEEPING: Final = 128 << 10  # bytes of a segment; what is smaller is read as fast as it is looked up
_MOST_BYTES: Final = 512 << 20
_CHECK_BYTES: Final = 8
_ROWS_OF: Final = re.compile(rb'"rows":"([0-9a-f-]+\.parquet)"')
_HEAD_BYTES: Final = 256
_FORGOTTEN_SECONDS: Final = 30 * 24 * 3600
_TOUCHED_SECONDS: Final = 3600  # what was of use within them is not marked as used again
_WRITE: Final = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_READ: Final = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


class KeptParts:
    """What is kept of segments."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Nothing is read before it is asked for."""
        folder = cache_folder(environ)
        self._folder = None if folder is None else folder / _FOLDER

    def key(self, file: Path) -> str:
        """What a segment is known by; empty where nothing is to be kept of it: it may change, is small, or nothing is kept at all."""
        if self._folder is None:
            return ""
        try:
            with file.open("rb") as stream:
                found = os.fstat(stream.fileno())
                if found.st_size < WORTH_KEEPING:
                    return ""
                key = key_of(file, found, stream.read(_HEAD_BYTES))
        except OSError:
            return ""
        return "" if key is None else key.decode()

    def get(self, key: str, target: Path) -> dict[str, Any] | None:
        """What is kept under this key: the facts, and the rows, which are put at `target`; None where there is nothing whole."""
        if self._folder is None or not key:
            return None
        facts_file = self._folder / (_name(key) + _FACTS)
        data = _own(facts_file)
        body = data[_CHECK_BYTES:]
        if data[:_CHECK_BYTES] != _check(body):
            return None
        try:
            kept = orjson.loads(body)
            if (kept["version"], kept["key"]) != (_VERSION, key):
                return None
            rows_file = self._folder / str(kept["rows"]).rpartition("/")[2]
            rows = _own(rows_file)
            if _check(rows).decode() != kept["check"]:
                return None
            target.write_bytes(rows)
            _mark_used(facts_file, rows_file)
            return kept["facts"]
        except (orjson.JSONDecodeError, KeyError, TypeError, OSError):
            return None

    def put(self, key: str, rows: Path, facts: Mapping[str, Any]) -> None:
        """Keeps rows, which stand in a file, and facts; where that cannot be done, they will be made again."""
        if self._folder is None or not key:
            return
        try:
            data = rows.read_bytes()
            check = _check(data).decode()
            name = f"{_name(key)}-{check}{_ROWS}"
            kept = {"version": _VERSION, "key": key, "rows": name, "check": check, "facts": facts}
            body = orjson.dumps(kept)
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts_file = self._folder / (_name(key) + _FACTS)
            older = _ROWS_OF.search(_own(facts_file))
            _write(self._folder / name, data)
            _write(facts_file, _check(body) + body)
            if older is not None and older[1].decode() != name:
                (self._folder / older[1].decode()).unlink(missing_ok=True)
        except OSError:
            return

    def make_room(self) -> None:
        """Deletes what was not of use for a month, and what was not for longest, if all is too large together."""
        if self._folder is None:
            return
        try:
            kept = [(entry.stat(), entry.path) for entry in os.scandir(self._folder)]
            total = sum(found.st_size for found, _ in kept)
            for found, path in sorted(kept, key=lambda each: each[0].st_mtime):
                if total <= _MOST_BYTES and time.time() - found.st_mtime < _FORGOTTEN_SECONDS:
                    return
                os.unlink(path)  # noqa: PTH108 -- scandir gives strings
                total -= found.st_size
        except OSError:
            return


def _name(key: str) -> str:
    """One for each file, whatever it holds: rows of what it held before go when new ones come."""
    device, inode = key.split("-")[:2]
    return f"{device}-{inode}-{key.rpartition('-')[2]}"


def _own(file: Path) -> bytes:
    """What stands in a file that is the user's own; nothing where there is none."""
    try:
        fd = os.open(file, _READ)
    except OSError:
        return b""
    with open(fd, "rb") as stream:  # noqa: PTH123 -- an open file has no path
        if hasattr(os, "getuid") and os.fstat(fd).st_uid != os.getuid():
            return b""
        return stream.read()


def _write(file: Path, data: bytes) -> None:
    """Puts a file there as a whole, or not at all."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}.{time.monotonic_ns()}")
    fd = os.open(fresh, _WRITE, 0o600)
    try:
        with open(fd, "wb") as stream:  # noqa: PTH123 -- as above
            stream.write(data)
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _mark_used(*files: Path) -> None:
    """So that what is of use stays when room is made."""
    for file in files:
        if time.time() - file.stat().st_mtime > _TOUCHED_SECONDS:
            os.utime(file)


def _check(data: bytes) -> bytes:
    return b"%08x" % crc32(data)
