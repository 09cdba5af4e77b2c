"""All text that a recorder has kept in its folder: of plain files, of packed ones, and of SQLite's tables."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

_SQLITE, _GZIP = b"SQLite format 3\0", b"\x1f\x8b"


def text_in(folder: Path) -> str:
    """One text of everything; a database is read as its next user would read it, journal and all."""
    return "\n".join(_text_of(file) for file in sorted(folder.rglob("*")) if file.is_file())


def size_of(folder: Path) -> int:
    """Bytes of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _text_of(file: Path) -> str:
    raw = file.read_bytes()
    if raw.startswith(_SQLITE):
        return _rows_of(file)
    if file.name.endswith(("-wal", "-shm", "-journal")):
        return ""
    return (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode("utf-8", "replace")


def _rows_of(file: Path) -> str:
    found: list[str] = []
    connection = sqlite3.connect(file)
    try:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                found += [
                    each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in row
                ]
    finally:
        connection.close()
    return "\n".join(found)
