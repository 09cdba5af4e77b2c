"""A log in a store, as a local directory: its segments are fetched once, since a closed segment never changes.

They are kept in the user's cache directory, for the user alone and up to a limit; of a `file://` store nothing is copied.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steplog._format.segment_name import PACKED
from steplog._format.shipped import is_notes, is_segment
from steplog._format.store import Store, StoreError
from steplog._format.zstd_frames import frames
from steplog._notes.place import NOTES
from steplog._read.errors import LogError, NotALog
from steplog._read.files.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT: Final = "STEPLOG_CACHE_BYTES"
_USUAL_LIMIT: Final = 10_000_000_000
_AT_ONCE: Final = 8
_USED: Final = ".used"
_FOLDER: Final = "stores"


def fetched(url: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The log at this URL as a directory of segments, as it stands in the store now.

    Raises: NotALog if nothing is there; LogError if the store refuses, a segment does not arrive whole, or there is more
    than the limit ($STEPLOG_CACHE_BYTES, 10 GB unless set).
    """
    try:
        store = Store(url)
        sizes = store.sizes()
        segments = {key: size for key, size in sizes.items() if is_segment(key)}
        if sizes and not segments:
            raise NotALog(f"{url} is no log: none of the {len(sizes)} files in it is a steplog segment")
        folder = _folder(url, environ)
        if store.is_local:
            _link(store, segments, folder)
        else:
            _make_room(folder, url, sum(segments.values()), _limit(environ))
            _fetch(store, segments, folder)
        _fetch_notes(store, [key for key in sizes if is_notes(key)], folder)
    except FileNotFoundError:
        raise NotALog(f"there is no log at {url}") from None
    except StoreError as error:
        raise LogError(str(error)) from None
    return folder


def _folder(url: str, environ: Mapping[str, str]) -> Path:
    cache = cache_folder(environ)
    if cache is None:
        folder = Path(tempfile.mkdtemp(prefix="steplog-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder
    # The end of its name is what a person looks for in a path.
    name = re.sub(r"[^A-Za-z0-9._=-]+", "-", url.rstrip("/"))[-40:].strip("-")
    folder = cache / _FOLDER / f"{name}-{blake2b(url.rstrip('/').encode(), digest_size=4).hexdigest()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / _USED).touch(mode=0o600)
    os.utime(folder / _USED)
    return folder


def _link(store: Store, segments: Mapping[str, int], folder: Path) -> None:
    """The local files under their names: nothing of them is copied."""
    wanted = {_name(key): Path(store.path(key)) for key in segments}
    _forget_others(folder, wanted)
    for name, file in wanted.items():
        link = folder / name
        if not (link.is_symlink() and Path(os.readlink(link)) == file):  # noqa: PTH115 - pathlib's is slower by half
            fresh = folder / f".{name}.{os.getpid()}"
            fresh.symlink_to(file)
            fresh.replace(link)


def _fetch(store: Store, segments: Mapping[str, int], folder: Path) -> None:
    _forget_others(folder, {_name(key) for key in segments})
    missing = [(key, size) for key, size in segments.items() if not _is_here(folder / _name(key), size)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(_fetch_one, store, key, size, folder) for key, size in missing]:
            done.result()


def _fetch_notes(store: Store, keys: Sequence[str], folder: Path) -> None:
    """Brings the notes of all hosts, as one file: a note bears an id, and is the same in each copy."""
    partial = folder / f".{NOTES}.{os.getpid()}"
    pieces: list[bytes] = []
    try:
        for key in sorted(keys):
            store.get(key, partial)
            pieces.append(partial.read_bytes().rstrip(b"\n") + b"\n")
        if pieces:
            partial.write_bytes(b"".join(pieces))
            partial.chmod(0o600)
            partial.replace(folder / NOTES)
    finally:
        partial.unlink(missing_ok=True)


def _fetch_one(store: Store, key: str, size: int, folder: Path) -> None:
    """Brings one segment, whole: of the announced size, and ending with a frame's end. Each frame bears a checksum."""
    partial = folder / f".{_name(key)}.{os.getpid()}"
    try:
        store.get(key, partial)
        partial.chmod(0o600)
        if not _is_here(partial, size) or (key.endswith(PACKED) and not _is_whole(partial, size)):
            raise LogError(f"{store.url}/{key} did not arrive whole, or is damaged there")
        partial.replace(folder / _name(key))
    except FileNotFoundError:
        return  # deleted in the store since it was listed: it has expired
    finally:
        partial.unlink(missing_ok=True)


def _is_here(file: Path, size: int) -> bool:
    try:
        return file.stat().st_size == size
    except OSError:
        return False


def _is_whole(file: Path, size: int) -> bool:
    found = frames(file)
    if found and found[-1].length is None:
        return True  # what version 0.1 packed is one frame that does not say how long it is
    return sum(frame.size for frame in found) == size


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _forget_others(folder: Path, wanted: Mapping[str, Path] | set[str]) -> None:
    """What is not in the store any more is not read any more."""
    for entry in folder.iterdir():
        if not entry.name.startswith(".") and entry.name not in wanted:
            entry.unlink(missing_ok=True)


def _limit(environ: Mapping[str, str]) -> int:
    text = environ.get(LIMIT, "").strip()
    if text and not text.isdecimal():
        raise LogError(f"{LIMIT}={text!r} is no number of bytes")
    return int(text) if text else _USUAL_LIMIT


def _make_room(folder: Path, url: str, needed: int, limit: int) -> None:
    """Lets go of the stores that were not read for longest, until this one fits."""
    if needed > limit:
        raise LogError(
            f"{url} holds {needed / 1e9:.1f} GB, and {limit / 1e9:.1f} GB are kept here: read a part of it, such as {url}/dt=2026-11-23, "
            f"set {LIMIT}, or ask it with --engine spark"
        )
    others = [other for other in folder.parent.iterdir() if other != folder and (other / _USED).exists()]
    sizes = {other: sum(file.lstat().st_size for file in other.iterdir()) for other in others}
    for other in sorted(others, key=lambda other: (other / _USED).stat().st_mtime):
        if sum(sizes.values()) + needed <= limit:
            return
        shutil.rmtree(other, ignore_errors=True)
        del sizes[other]
