"""How segments lie in a store: `dt=2026-11-23/host=H/SEGMENT.jsonl.zst`, and which paths are a store's."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from steplog._format.segment_name import PACKED, PLAIN, parse

if TYPE_CHECKING:
    from steplog._format.record import Record

DAY: Final = "dt="
HOST: Final = "host="
NOTES: Final = "notes/"
_NOTES_END: Final = ".ndjson"  # which whoever reads the lines of a store passes over
_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]+(::[a-zA-Z0-9+.\-]+)*://")
_TS: Final = re.compile(r"\d{4}-\d\d-\d\dT")
_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9._-]")


def is_url(path: object) -> bool:
    """Whether a path is that of a store: `s3://bucket/logs`, `file:///srv/logs`."""
    return isinstance(path, str) and _URL.match(path) is not None


def key_of(name: str, opened: Record) -> str:
    """Where a segment lies in a store: by the day of its first line and by its host; always the same for the same segment.

    `name` is that of its file, packed or not; `opened` its first line, empty where that cannot be read.
    """
    ts, host = str(opened.get("ts") or ""), str(opened.get("host") or "unknown")
    day = ts[:10] if _TS.match(ts) else f"{name[:4]}-{name[4:6]}-{name[6:8]}"
    packed = name if name.endswith(PACKED) else name.removesuffix(PLAIN) + PACKED
    return f"{DAY}{day}/{HOST}{_UNUSUAL.sub('_', host)}/{packed}"


def notes_key(host: str, folder: str) -> str:
    """Where the notes of a log directory of this host lie in a store."""
    digest = blake2b(folder.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return f"{NOTES}{_UNUSUAL.sub('_', host)}-{digest}{_NOTES_END}"


def is_notes(key: str) -> bool:
    """Whether something in a store are notes."""
    return key.startswith(NOTES) and key.endswith(_NOTES_END)


def is_segment(key: str) -> bool:
    """Whether something in a store is a segment."""
    name = key.rpartition("/")[2]
    return parse(name) is not None
