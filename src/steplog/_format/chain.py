"""The hash that chains each line of a writer to the one before: made when writing, made again when verifying."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

HASH_CHARS: Final = 32
_FIELD: Final = b',"chain":"'
_END: Final = b'"}'
_TAIL: Final = len(_FIELD) + HASH_CHARS + len(_END)


def sealed(line: bytes, before: str, key: bytes) -> tuple[bytes, str]:
    """A line (a JSON object without its line end) with its `chain` as last field, and that hash.

    `before` is the hash of the writer's line before this one, empty for its first. With a `key` nobody without it can
    make a line that fits; without one the chain shows damage and careless edits.
    """
    digest = blake2b(before.encode(), key=key, digest_size=HASH_CHARS // 2)
    digest.update(line)
    found = digest.hexdigest()
    return b"".join((line[:-1], _FIELD, found.encode(), _END)), found


def unsealed(line: bytes) -> tuple[bytes, str] | None:
    """A line as it was before it was sealed, and its hash; None for a line without `chain` at its end."""
    if line[-_TAIL : -_TAIL + len(_FIELD)] != _FIELD or not line.endswith(_END):
        return None
    found = line[-HASH_CHARS - len(_END) : -len(_END)]
    return line[:-_TAIL] + b"}", found.decode("ascii", "replace")
