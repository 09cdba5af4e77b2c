"""A store that fsspec knows (`s3://`, `gs://`, `az://`, `file://` …): listed, read, written whole, and its failures as one kind."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

INSTALL: Final = "this needs fsspec: pip install 'steplog[fleet]'"
_BLOCK: Final = 4 << 20
# In these a file is there as a whole or not at all; elsewhere it is written beside, and then renamed.
_WHOLE_AT_ONCE: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "memory"})
_PACKAGES: Final = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
}


class StoreError(Exception):
    """A store did not do what it was asked for; the text names it and says what it answered."""


class Store:
    """The files below one URL; their keys are relative to it, with `/` between the parts."""

    def __init__(self, url: str) -> None:
        """Nothing is asked of the store yet.

        Raises: StoreError where fsspec, or its package for this kind of store, is not installed.
        """
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra
        except ImportError:
            raise StoreError(INSTALL) from None
        self.url = url.rstrip("/")
        protocol = self.url.partition("://")[0]
        try:
            # Another process's new files must be seen, and a failed attempt must not be remembered.
            fs, root = url_to_fs(self.url, use_listings_cache=False, skip_instance_cache=True)
        except (ImportError, ValueError) as error:
            package = _PACKAGES.get(protocol)
            way_out = f": pip install {package}" if package else ""
            raise StoreError(f"{protocol}:// cannot be used here ({error}){way_out}") from None
        self._fs: Any = fs
        self._root: str = root.rstrip("/")
        self.is_local = "file" in (fs.protocol if isinstance(fs.protocol, tuple) else (fs.protocol,))
        self._is_whole_at_once = protocol in _WHOLE_AT_ONCE

    def path(self, key: str) -> str:
        """A file's path as the store's own library has it."""
        return f"{self._root}/{key}" if key else self._root

    def sizes(self) -> dict[str, int]:
        """All files with their sizes in bytes. Raises: StoreError; FileNotFoundError if there is nothing at all."""
        with self._contained("list", may_be_missing=True):
            found = self._fs.find(self._root, detail=True)
        if not found:
            with self._contained("look into"):
                is_there = self._fs.exists(self._root)
            if not is_there:
                raise FileNotFoundError(2, os.strerror(2), self.url)
        begin = len(self._root) + 1
        return {str(path)[begin:]: int(facts["size"]) for path, facts in found.items()}

    def put(self, file: Path, key: str) -> None:
        """Bring a local file there, in the place of what has this key; it is there as a whole or not at all."""
        target = self.path(key)
        folder, _, name = target.rpartition("/")
        with self._contained(f"write {key} to"):
            if self._is_whole_at_once:
                self._fs.put_file(str(file), target)
                return
            partial = f"{folder}/.{name}.part"
            self._fs.makedirs(folder, exist_ok=True)
            self._fs.put_file(str(file), partial)
            if self.is_local:
                _sync(partial)
            self._fs.mv(partial, target)

    def get(self, key: str, file: Path) -> None:
        """Bring it to a local file. Raises: StoreError; FileNotFoundError if it is gone."""
        with self._contained(f"read {key} from", may_be_missing=True):
            self._fs.get_file(self.path(key), str(file))

    def holds(self, key: str, size: int, digest: bytes) -> bool:
        """Whether the store has this file with these very bytes: all of them are read back."""
        with self._contained(f"read {key} back from"):
            try:
                if self._fs.info(self.path(key))["size"] != size:
                    return False
                with self._fs.open(self.path(key), "rb", block_size=_BLOCK) as stream:
                    return digest_of(iter(lambda: stream.read(_BLOCK), b"")) == digest
            except FileNotFoundError:
                return False

    @contextmanager
    def _contained(self, what: str, *, may_be_missing: bool = False) -> Generator[None]:
        """A store's library raises what it likes, of the network and of its provider: here it becomes one kind."""
        try:
            yield
        except Exception as error:
            if may_be_missing and isinstance(error, FileNotFoundError):
                raise
            said = " ".join(str(error).split())
            raise StoreError(f"cannot {what} {self.url}: {type(error).__name__}: {said}") from error


def digest_of(pieces: Iterable[bytes]) -> bytes:
    """What a file is compared by."""
    digest = blake2b(digest_size=32)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _sync(path: str) -> None:
    with suppress(OSError):  # not every file system can
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
