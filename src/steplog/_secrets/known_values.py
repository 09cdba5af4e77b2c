"""Finds secrets of unknown shape by their values: what this process was told is secret, in each form a text may have it."""

from __future__ import annotations

import binascii
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from steplog._secrets.span import Span
from steplog._secrets.tokens import LONG_RUN, runs_of

SHORTEST: Final = 8
_LONGEST: Final = 16 * 1024
GIVEN: Final = "redact_values"  # the kind of values that the program itself gave, all of which are remembered
_MOST: Final = 200  # of other values, the newest
_WORD: Final = 4  # bytes
_FAR: Final = 16  # bytes between the words of a text that are looked at
_FEW: Final = 12
# From what texts seldom have to what they are made of.
_RARE_FIRST: Final = (
    "~^`@#!$%&?|;QZXJKVYWUHG+*<>qzjxBFOPNDMLCRTIASE\\{}[]'=9786543201kvbwy()/,:\"-_pgfmcudhlrnisoate. "
)
_FREQUENT: Final = _RARE_FIRST.index("B")
_LIKE_AN_ID: Final = re.compile(r"[0-9a-f-]+").fullmatch
_IN_BASE64: Final = re.compile(r"[A-Za-z0-9+/_=-]{0,4}")
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")


class _Rare:
    """Texts to be looked for in texts like prose and code: by their rarest character and the one behind it."""

    def __init__(self, needles: list[str]) -> None:
        """Made anew whenever there are more."""
        self._pairs: dict[str, dict[str, list[tuple[int, str]]]] = {}
        self._plain: list[tuple[str, str]] = []  # of frequent characters alone
        for needle in needles:
            # A character that is looked for already costs nothing more.
            known = [char for char in self._pairs if char in needle[:-1]]
            char = known[0] if known else min(needle[:-1], key=_RARE_FIRST.find)
            if _RARE_FIRST.find(char) < _FREQUENT:
                at = needle.index(char)
                self._pairs.setdefault(char, {}).setdefault(needle[at : at + 2], []).append((at, needle))
            else:
                self._plain.append((char, needle))

    def in_text(self, text: str) -> Iterator[str]:
        """Those that the text has."""
        yield from (needle for char, needle in self._plain if char in text and needle in text)
        find = text.find
        for char, pairs in self._pairs.items():
            at = find(char)
            while at >= 0:
                if (pair := text[at : at + 2]) in pairs:
                    yield from (
                        needle for before, needle in pairs[pair] if text.startswith(needle, at - before)
                    )
                at = find(char, at + 1)


class _Dense:
    """Texts to be looked for in a text that may be all of rare characters, as base64 is.

    One of 19 bytes or more has a word of four bytes at each sixteenth byte of the text that it is in, wherever it stands.
    So a text's words there, of which C makes numbers, are compared with all words of all of them. For the shorter ones
    that takes each word of the text.
    """

    def __init__(self, needles: list[str]) -> None:
        """Made anew whenever there are more."""
        shortest = _FAR + _WORD - 1
        self._far = _by_word([needle for needle in needles if len(needle) >= shortest], _FAR)
        self._short = [needle for needle in needles if len(needle) < shortest]
        self._near = _by_word(self._short, _WORD)
        self._far_words, self._near_words = frozenset(self._far), frozenset(self._near)

    def in_text(self, text: str, data: bytes) -> Iterator[str]:
        """Those that the text has, `data` being the text with one byte a character."""
        words = memoryview(data + bytes(-len(data) % _WORD)).cast("I")
        if self._far:
            for word in self._far_words.intersection(words[:: _FAR // _WORD].tolist()):
                yield from (needle for needle in self._far[word] if needle in text)
        if len(self._short) <= _FEW:
            yield from (needle for needle in self._short if needle in text)
        else:
            for word in self._near_words.intersection(words.tolist()):
                yield from (needle for needle in self._near[word] if needle in text)


def _by_word(needles: list[str], distance: int) -> dict[int, list[str]]:
    """Needles by the words of which a text that has them has one, looked at in steps of `distance` bytes."""
    found: dict[int, list[str]] = {}
    for needle in needles:
        data = needle.encode("ascii", "replace")
        for at in range(distance):
            found.setdefault(int.from_bytes(data[at : at + _WORD], sys.byteorder), []).append(needle)
    return found


class KnownValues:
    """Values that are secret, by the kind that each is masked as."""

    def __init__(self) -> None:
        """None yet."""
        self.kinds: dict[str, str] = {}  # of each form of each value
        self.like_ids = False  # whether one consists of the characters of ids
        self._values: dict[str, str] = {}
        self._all = _Dense([])
        self._without_runs = _Rare([])  # what has no long run: all that a text without one can have

    def add(self, values: Iterable[tuple[str, str]]) -> bool:
        """Look for these values, too; whether there was a new one. Too short and too long ones are passed over."""
        new = [
            (value, kind)
            for value, kind in values
            if value not in self._values and SHORTEST <= len(value) <= _LONGEST
        ]
        for value, kind in new:
            self._values.setdefault(value, kind)
        self._drop_oldest()
        looked_for = -1
        # Anew where another thread added one meanwhile, which else would be looked for no more.
        while new and looked_for != len(self._values):
            looked_for = self._look_for(dict(self._values))
        return bool(new)

    def _drop_oldest(self) -> None:
        """A program that gives a variable a new value again and again must not fill the memory with the old ones."""
        old = [value for value, kind in tuple(self._values.items()) if kind != GIVEN][:-_MOST]
        for value in old:
            self._values.pop(value, None)

    def _look_for(self, values: dict[str, str]) -> int:
        """Look for these from now on; how many they are."""
        kinds = {form: kind for value, kind in values.items() for form in _forms(value)}
        others = [form for form in sorted(kinds) if LONG_RUN not in runs_of(form.encode("ascii", "replace"))]
        # Each in one step: other threads look for what was known before, or for all.
        self._all, self._without_runs = _Dense(sorted(kinds)), _Rare(others)
        self.like_ids = any(_LIKE_AN_ID(value) for value in values)
        self.kinds = kinds
        return len(values)

    def values_in(self, text: str, data: bytes, *, has_long_run: bool) -> Iterator[Span]:
        """Where known values stand in a text, `data` being the text with one byte a character."""
        there = self._all.in_text(text, data) if has_long_run else self._without_runs.in_text(text)
        for needle in there:
            at = text.find(needle)
            while at >= 0:
                end = at + len(needle)
                if needle not in self._values:  # the rest of a piece of base64 is of the value as well
                    rest = _IN_BASE64.match(text, end)
                    end = end if rest is None else rest.end()
                yield at, end, self.kinds.get(needle, "known_value")
                at = text.find(needle, end)


def _forms(value: str) -> set[str]:
    """A value and what it looks like in URLs, in JSON and JSON in JSON, in Python, in HTML and in base64."""
    data = value.encode("utf-8", "surrogatepass")
    in_url = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in data)
    in_url_small = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in data)
    in_json = _json(value, ascii_only=False)
    in_html = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted = in_html.replace('"', "&quot;")
    forms = {value, in_url, in_url_small, in_url.replace("%20", "+"), in_url.replace("%2F", "/")}
    forms |= {in_json, _json(value, ascii_only=True), _json(in_json, ascii_only=False), repr(value)[1:-1]}
    forms |= {in_html, quoted, quoted.replace("'", "&#x27;"), quoted.replace("'", "&#39;")}
    for core in _cores(data):
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}


def _json(value: str, *, ascii_only: bool) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "".join(
        short.get(char)
        or (f"\\u{ord(char):04x}" if char < " " or (ascii_only and "~" < char < "\U00010000") else char)
        for char in value
    )


def _cores(data: bytes) -> Iterator[str]:
    """What base64 has of these bytes whatever stands before and after them: three ways, by how many bytes are before."""
    for before in range(3):
        text = binascii.b2a_base64(bytes(before) + data, newline=False).decode()
        first = (before * 8 + 5) // 6
        yield text[first : (before + len(data)) * 8 // 6]


KNOWN: Final = KnownValues()
