"""Where a text in quotes ends, and in which quotes a place in a text stands."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 16 * 1024
_FAR: Final = 300
_APOSTROPHE: Final = re.compile(r"(?<=[A-Za-z])'(?=[A-Za-z])")


def open_quote(text: str, at: int) -> str:
    """The quote that the text around `at` stands in, as far as its line tells; empty for none."""
    line = text[max(0, at - _FAR) : at].rpartition("\n")[2]
    for quote in "\"'`":
        if quote in line and (_APOSTROPHE.sub("", line) if quote == "'" else line).count(quote) % 2:
            return quote
    return ""


def closing(text: str, at: int, depth: int, quote: str) -> int | None:
    """Where a text in quotes ends that was opened by `depth` backslashes and a quote; None where it does not."""
    stop = text.find("\n", at, at + _LONGEST)
    if stop < 0:
        stop = min(len(text), at + _LONGEST)
    where = at
    while (where := text.find(quote, where, stop)) >= 0:
        before = text[max(at, where - 200) : where]
        slashes = len(before) - len(before.rstrip("\\"))
        # An escaped quote has as many backslashes again, and one; escaped backslashes at the end come in pairs of that.
        if slashes < depth or (slashes - depth) % (2 * depth + 2) == 0:
            return where - min(slashes, depth)
        where += 1
    return None
