r"""Finds secrets that a text gives to a telling name: `DB_PASS=…`, `"token": "…"` at any depth of escaping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from steplog._secrets.headers import HEADER_NAMES, header_value
from steplog._secrets.names import ENDS_OF_NAMES, Telling, telling
from steplog._secrets.pairs import name_of_value
from steplog._secrets.quotes import closing, open_quote
from steplog._secrets.span import Span
from steplog._secrets.values import is_random, is_secret_text, is_secret_word

# In the query of a URL these tell of a secret as well.
_IN_QUERIES: Final = frozenset(["key", "code", "sig", "signature", "sid", "sas"])

# -- where a telling name ends before a colon or an equals sign

# A search for one character is C's own, one for any of many words is not. So a text is read from its end to its
# beginning, where the sign comes first and then the name, backwards; all else is passed over.
_FOLDED: Final = bytes(
    ord("=") if c in b":=" else c + 32 if c in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ" else c for c in range(256)
)


@cache
def _name_backwards() -> re.Pattern[bytes]:
    """A sign and the names before it, backwards.

    Each way to go on begins with a plain letter, by which C passes over most of them at once.
    """
    # What may stand before a last word, which is enough alone where that is "".
    befores: dict[str, list[str]] = {}
    for *before, last in ENDS_OF_NAMES:
        befores.setdefault(last[::-1], []).extend(f"[_. -]?{word[::-1]}" for word in before or [""])
    for name in _IN_QUERIES:
        befores.setdefault(name[::-1], []).append("[?&;]")
    # As in `"name": "password", "value": "…"`.
    befores["value"[::-1]] = [r"""(?<=["'\\]eulav)""", r"[ \t]"]
    firsts: dict[str, list[str]] = {}
    for last, words in befores.items():
        firsts.setdefault(last[0], []).append(last[1:] + ("" if "" in words else f"(?:{'|'.join(words)})"))
    names = "|".join(first + "(?:" + "|".join(rests) + ")" for first, rests in firsts.items())
    between = r"""=[\s\]"'`\\]{0,68}+[_0-9-]{0,3}+"""
    return re.compile(f"{between}(?:{names})".encode())


def telling_signs(data: bytes) -> list[int]:
    """Where the signs behind telling names stand in a text, encoded with one byte a character; from its end on."""
    backwards, last = data.translate(_FOLDED)[::-1], len(data) - 1
    if _name_backwards().search(backwards) is None:
        return []
    return [last - found.start() for found in _name_backwards().finditer(backwards)]


# -- what these names are given

_VALUE: Final = re.compile(
    r"""
    (?: : [ ]? [A-Za-z][A-Za-z0-9_.\[\], |]{0,40}+ = (?=[ ]? [bruf]{0,2} ["'])  # a type, as in `password: str = "…"`
      | [:=]{1,2}+ >?+ )
    [ \t\r\n]{0,4}+
    (?: [bruf]{0,2} (\\{0,64}+) (["'`])
      | (?! [(\[{] ) (?= [^\s"'`\\,;&<>)}\]|]{3} )  # no quote: as long as a secret, and neither code nor the next name
        (?= [A-Za-z]{4} | [^\s"'`\\,;&<>)}\]|0-9!@\#$%^*+~?/]{0,40}+ [0-9!@\#$%^*+~?/] )
        (?! [A-Za-z_]{1,40}+ (?: [(\[] | \.[A-Za-z_] ) | (?<=\s) [A-Za-z_]{1,40}+ [ ]? (?: = | :\s ) ) )
    """,
    re.VERBOSE,
)
_WORD: Final = re.compile(r"""[^\s"'`\\,;&<>)}\]|]{1,128}+""")
_REST: Final = re.compile(r"""[^\s"'`\\,;&<>)}\]|]*+""")
_RESOURCE: Final = re.compile(r"[0-9]:secret:\w")  # `arn:aws:secretsmanager:…:123456789012:secret:name`
_LONGEST_NAME: Final = 120


def assignments(text: str, signs: list[int]) -> Iterator[Span]:
    """Where what is given to telling names stands; `signs` are where `telling_signs` found these."""
    match, done = _VALUE.match, 0
    for sign in reversed(signs):
        if sign >= done:
            found = match(text, sign)
            span = _cookie(text, sign) if found is None else _judged(text, sign, found)
            if span is not None:
                done = span[1]
                yield span


def _cookie(text: str, sign: int) -> Span | None:
    """What follows `Cookie:`, where the value is names and values, which are nobody else's."""
    if text[max(0, sign - 6) : sign].lower() != "cookie":
        return None
    start = sign + 1
    while text[start : start + 1] in (" ", "\t"):
        start += 1
    return header_value(text, "cookie", start, None, open_quote(text, sign - 6))


def _judged(text: str, sign: int, found: re.Match[str]) -> Span | None:
    begin, name, is_quoted = _name_before(text, sign)
    if name == "value":
        begin, name = name_of_value(text, begin) or (begin, name)
    is_query = begin > 0 and text[begin - 1] in "?&;"
    if _RESOURCE.match(text, begin - 2) is not None:
        return None
    told = telling(name)
    if told is None and is_query and name.lower() in _IN_QUERIES:
        word = _WORD.match(text, found.end())
        return _whole(text, word) if word is not None and is_random(word[0], 8) else None
    if told is None:
        return None
    at, quote = found.end(), found.group(2) or ""
    is_header = name.lower() in HEADER_NAMES
    around = open_quote(text, begin) if (quote or is_header) and not is_quoted else ""
    if quote and quote == around:  # `input("Password: ")`: it ends the text that the name stands in
        return None
    end = closing(text, at, len(found.group(1)), quote) if quote else None
    if is_header:
        return header_value(text, name, at, end, around)
    if end is None:
        return _of_a_word(text, found, told)
    # A token of a model's text, which such answers give with its probability.
    is_secret = is_secret_text(text[at:end], told) and "logprob" not in text[end : end + 24]
    return (at, end, "assignment") if is_secret else None


def _of_a_word(text: str, found: re.Match[str], told: Telling) -> Span | None:
    word = _WORD.match(text, found.end())
    if word is None:
        return None
    end = word.end()
    is_tight = text[found.end() - 1] == "="
    ends_line = text[end : end + 1] in ("", "\n", "\r") or text.startswith("\\n", end)
    is_secret = is_secret_word(word[0], told, is_tight=is_tight, ends_line=ends_line)
    return _whole(text, word) if is_secret else None


def _whole(text: str, word: re.Match[str]) -> Span:
    rest = _REST.match(text, word.end())
    return word.start(), word.end() if rest is None else rest.end(), "assignment"


def _name_before(text: str, sign: int) -> tuple[int, str, bool]:
    """Where the name before a sign begins, the name, and whether it ends with a quote."""
    head = text[max(0, sign - _LONGEST_NAME) : sign]
    bare = head.rstrip(" \t\r\n]\"'`\\")
    stem = bare.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
    begin = sign - len(head) + len(stem)
    name = bare[len(stem) :]
    if stem[-1:] == "\\" and name[:1] in ("n", "r", "t"):  # the name follows an escaped line end
        begin, name = begin + 1, name[1:]
    closer = head[len(bare) :]
    return begin, name.strip("-._"), "'" in closer or '"' in closer or "`" in closer
