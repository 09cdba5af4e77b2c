"""What two failures of one kind have in common: type, place, and the message without what differs each time."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

_MOST: Final = 200
_EXTENSIONS: Final = "json|jsonl|csv|tsv|txt|md|pdf|docx?|xlsx?|pptx?|png|jpe?g|gif|svg|html?|xml|ya?ml|toml|ini|log|py|js|ts|sql|db|sqlite|parquet|zip|gz|tar|zst"
# In this order: a URL has a path in it, an id has numbers.
_DIFFERS: Final = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>)\]]+"), "<url>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "<address>"),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]:\\|~?/|\.{1,2}/)[^\s'\",;:()<>\[\]]+"), "<path>"),
    # relative, or a file alone: reports/may.csv, may.csv
    (re.compile(r"(?<![\w./<])[\w.-]+(?:[/\\][\w.-]+)+\.[A-Za-z]\w{0,4}\b"), "<path>"),
    (re.compile(rf"(?<![\w./<])[\w-][\w.-]*\.(?:{_EXTENSIONS})\b", re.IGNORECASE), "<path>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<id>"),
    # letters and digits mixed, six at least: call_Ab12cd, 3f9a1c, req-0123abc
    (re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{6,}\b"), "<id>"),
    (re.compile(r"\b[A-Za-z]{1,5}[-_#]\d+\b"), "<id>"),  # A-104, ord#7
    (re.compile(r"\b(?=[0-9a-f]*[a-f])[0-9a-f]{16,}\b"), "<id>"),
    (re.compile(r"\d{8,}"), "<id>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
)  # fmt: skip
_EITHER: Final = re.compile(r"(?:<id>|<n>)(?:[ ,./:-]?(?:<id>|<n>))*")
_SPACES: Final = re.compile(r"\s+")


def kind_of_message(message: str) -> str:
    """The message without its numbers, paths, addresses and ids, on one line, of at most 200 characters.

    >>> kind_of_message("order 1017 of c-2f9a41: /tmp/x.json is missing")
    'order <n> of <id>: <path> is missing'
    """
    text = _SPACES.sub(" ", message[: _MOST * 4]).strip()
    for pattern, word in _DIFFERS:
        text = pattern.sub(word, text)
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def same_message(message: str) -> str:
    """What is compared of a message: its kind, in which an id is as good as a number.

    >>> same_message("order 1017 is missing") == same_message("order A-104 is missing")
    True
    """
    return _EITHER.sub("<n>", kind_of_message(message))


def fingerprint(*parts: str) -> str:
    """Eight digits that are the same for the same parts."""
    return blake2b("\x00".join(parts).encode("utf-8", "replace"), digest_size=4).hexdigest()
