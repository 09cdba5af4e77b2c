"""What stands for a content that is not written: its type, size, hash and identity."""

from __future__ import annotations

import re
from hashlib import blake2b, sha256
from typing import Any, Final

from steplog._format.record import Json

_MOST_HASHED: Final = 16 * 1024 * 1024  # hashing takes about 1 ms a megabyte; beyond this the size must do
_DATA_URL = re.compile(r"data:([\w.+-]{1,40}/[\w.+-]{1,80})(?:;[\w=.+-]{1,80}){0,4};base64,")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{1024}")
_LONGEST_WORD: Final = 1024


def size_and_hash(o: str | bytes) -> dict[str, Json]:
    """`bytes` and `sha256` of a text (as UTF-8) or of bytes; of a huge one the size alone."""
    if len(o) > _MOST_HASHED:
        return {"chars" if isinstance(o, str) else "bytes": len(o)}
    data = o.encode("utf-8", "surrogatepass") if isinstance(o, str) else o
    return {"bytes": len(data), "sha256": sha256(data).hexdigest()}


def blob_of_text(o: str) -> dict[str, Any] | None:
    """Base64 content as its type, size and hash; None for a text that is meant to be read."""
    if o[:5] == "data:" and (url := _DATA_URL.match(o)) is not None:
        return {"type": url.group(1)} | size_and_hash(o)
    # Prose of a thousand characters has blanks; a thousand of base64's with few different ones are a rule line.
    if len(o) > _LONGEST_WORD and _BASE64.match(o) is not None and len(set(o[:_LONGEST_WORD])) > 24:
        return {"type": "base64"} | size_and_hash(o)
    return None


def digest_of_text(o: str) -> bytes:
    """The identity of a text that is not written."""
    return digest_of(o[:_MOST_HASHED].encode("utf-8", "surrogatepass"))


def digest_of(data: bytes) -> bytes:
    """The identity of a content: 16 bytes of blake2b."""
    return blake2b(data, digest_size=16).digest()
