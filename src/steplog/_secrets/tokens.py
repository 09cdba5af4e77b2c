"""Finds providers' keys and tokens in a text by their shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from steplog._secrets.headers import SCHEMES, credentials_behind
from steplog._secrets.span import Span
from steplog._secrets.token_shapes import PARTED, SHAPES, WORD_HEADS

# Every token has a run of 16 such characters, and few other things have: prose has none, code and JSON have few. So a
# text is copied with "a" for each of them, "." for what may part a token from its beginning, and a blank for all else;
# in this copy C looks for 16 times "a", and the shapes are tried only where such a run begins. (One expression of all
# shapes over the whole text takes 400 us a kB, this takes 1.)
_IN_RUNS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/+")
_MARKS: Final = frozenset(b"\\%[;.:~")
_AS_RUNS: Final = bytes(97 if c in _IN_RUNS else 46 if c in _MARKS else 32 for c in range(256))
LONG_RUN: Final = "a" * 16
_PARTED_RUN: Final = "." + LONG_RUN

_MEANINGS: Final = {
    "%A": "[A-Za-z0-9]",
    "%W": "[A-Za-z0-9_-]",
    "%H": "[0-9a-f]",
    "%U": "[A-Z0-9]",
    "%D": r"(?=[A-Za-z_-]{0,200}+[0-9])",
    "%E": r"(?![A-Za-z0-9_])",
}
# What is left of an escape where a run begins with it: `\n`, `\u003d`, `%3D`, or the `32m` of a terminal's colour.
_ESCAPES: Final = {
    "\\": re.compile(r"[nrtbf]|u[0-9a-fA-F]{4}"),
    "%": re.compile(r"[0-9a-fA-F]{2}"),
    "[": re.compile(r"[0-9]{1,3}m"),
    ";": re.compile(r"[0-9]{1,3}m"),
}
# Where a word begins, or what is left of an escape ends, as above.
_BEGIN: Final = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\[[0-9]m)|(?<=\[[0-9]{2}m))"
# Of several "eyJ" in a run only the first can begin one; the others are passed over with it, which keeps this linear.
_JWT: Final = re.compile(
    r"eyJ(?:(?<=[A-Za-z0-9_]eyJ)(?<!\\[nrtbf]eyJ)(?<!%[0-9A-Fa-f]{2}eyJ)(?<!\[[0-9]meyJ)(?<!\[[0-9]{2}meyJ)"
    r"|([A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+)|[A-Za-z0-9_-]*+)"
)
# Mailgun's, which begins with any hex digit.
_HEX_AT: Final = re.compile(r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![A-Za-z0-9_])")
_HEX: Final = re.compile("(?<![0-9A-Za-z])" + _HEX_AT.pattern)
# Of short pieces before the long one.
_IN_PIECES: Final = re.compile(
    _BEGIN + "(?:"
    r"(?P<discord_token>[MNO][A-Za-z0-9_-]{23,27}[.][A-Za-z0-9_-]{6}[.][A-Za-z0-9_-]{27,40})"
    r"|(?P<doppler_token>dp[.]st[.](?:[a-z0-9_-]{2,35}[.])?[A-Za-z0-9]{30,44}))"
)
# The bot's number, which stands before it, is no secret.
_TELEGRAM: Final = re.compile(r"(?<=[0-9]{8}:)AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_])")


def _plain(shape: str) -> str:
    for sign, meaning in _MEANINGS.items():
        shape = shape.replace(sign, meaning)
    return shape


def _by_two() -> dict[str, list[tuple[str, str]]]:
    """Kinds and expressions by the two characters that the tokens begin with."""
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, heads, rest in SHAPES:
        for head in heads.split():
            shape = re.escape(head) + _plain(rest)
            found.setdefault(head[:2], []).append((kind, shape))
    return found


_BY_TWO: Final = _by_two()
_PARTED_ENDS: Final = {before[-2:] for _, before, _ in PARTED}


@cache
def _beginning_with(two: str) -> re.Pattern[str]:
    return re.compile("|".join(shape for _, shape in _BY_TWO[two]))


@cache
def _parted_shapes() -> tuple[re.Pattern[str], list[tuple[str, int]]]:
    befores = [(kind, _plain(before.replace(".", "[.]")), _plain(rest)) for kind, before, rest in PARTED]
    widths = [len(before.replace("%A", "0")) for _, before, _ in PARTED]
    shapes = "|".join(f"(?<={before})({rest})" for _, before, rest in befores)
    return re.compile(shapes), [(kind, width) for (kind, _, _), width in zip(PARTED, widths, strict=True)]


@cache
def _inside(mark: str, *, all_heads: bool) -> re.Pattern[str]:
    """Shapes behind a dash or a slash in the middle of a run; those whose heads have no sign where not `all_heads`.

    Without groups, which would cost a look at each shape.
    """
    firsts: dict[str, dict[str, list[str]]] = {}
    for _, heads, rest in SHAPES:
        for head in heads.split():
            if (all_heads or head.isalnum()) and (mark == "/" or not head.startswith(WORD_HEADS)):
                firsts.setdefault(head[0], {}).setdefault(head[1], []).append(
                    re.escape(head[2:]) + _plain(rest)
                )
    branches = [
        one + "(?:" + "|".join(f"{two}(?:{'|'.join(rests)})" for two, rests in seconds.items()) + ")"
        for one, seconds in firsts.items()
    ]
    first, second = "".join(firsts), "".join({second for seconds in firsts.values() for second in seconds})
    # Both in sets before they are in branches: a set is one look, a branch is as many as it has.
    return re.compile(f"{mark}(?=[{first}][{re.escape(second)}])(?:{'|'.join(branches)})")


def _kind_at(text: str, at: int) -> str:
    return next(kind for kind, shape in _BY_TWO[text[at : at + 2]] if re.compile(shape).match(text, at))


def runs_of(data: bytes) -> str:
    """A text, encoded with one byte a character, as `LONG_RUN` can be looked for in it."""
    # A text again, as to look for bytes in bytes costs three times as much.
    return data.translate(_AS_RUNS).decode()


def tokens(text: str, runs: str) -> Iterator[Span]:
    """Where tokens stand in a text, of which `runs` are its runs; in no order, and some may overlap."""
    known, find, has_dash = _BY_TWO, runs.find, "-" in text
    at = find(LONG_RUN)
    while at >= 0:
        if text[at : at + 2] in known:
            yield from _beginning_at(text, at)
        if at >= 5 and text[at - 5 : at] in SCHEMES:
            yield from credentials_behind(text, at)
        end = find(" ", at)
        if has_dash and not 0 < end < at + 50:
            for found in _HEX.finditer(text, at, end if end > 0 else len(text)):
                yield *found.span(), "mailgun_key"
        if end < 0:
            break
        at = find(LONG_RUN, end)
    # One character first: to look for more in one long run takes a look at each of it.
    at = find(_PARTED_RUN) if "." in runs else -1
    while at >= 0:
        at += 1
        if text[at : at + 2] in known:
            yield from _beginning_at(text, at)
        if text[at - 2 : at] in _PARTED_ENDS or text[at - 8 : at - 7] == "." or text[at : at + 2] == "AA":
            yield from _parted(text, at)
        elif text[at - 1] in _ESCAPES:
            yield from _behind_an_escape(text, at)
        at = find(_PARTED_RUN, at)
    if has_dash or "/" in text or "." in text:
        yield from _inside_runs(text)


def _beginning_at(text: str, at: int) -> Iterator[Span]:
    two = text[at : at + 2]
    if two in _BY_TWO and (found := _beginning_with(two).match(text, at)) is not None:
        yield at, found.end(), _kind_at(text, at)


def _behind_an_escape(text: str, at: int) -> Iterator[Span]:
    escape = _ESCAPES[text[at - 1]].match(text, at)
    if escape is not None:
        yield from _beginning_at(text, escape.end())
        if (found := _HEX_AT.match(text, escape.end())) is not None:
            yield *found.span(), "mailgun_key"


def _parted(text: str, at: int) -> Iterator[Span]:
    """A token whose long piece begins at `at`, behind the short ones that it begins with."""
    shapes, kinds = _parted_shapes()
    if (found := shapes.match(text, at)) is not None:
        kind, width = kinds[(found.lastindex or 1) - 1]
        yield at - width, found.end(), kind
    if (found := _TELEGRAM.match(text, at)) is not None:
        yield at, found.end(), "telegram_token"
    for found in _IN_PIECES.finditer(text, max(0, at - 48), at + 64):
        yield found.start(), found.end(), found.lastgroup or ""


def _inside_runs(text: str) -> Iterator[Span]:
    """Tokens that begin within a run, and those that are told by what joins their parts."""
    has_dash, has_line = "-" in text, "_" in text
    if has_dash and (has_line or ("A" in text and "-A" in text)):
        for found in _inside("-", all_heads=has_line).finditer(text):
            yield found.start() + 1, found.end(), _kind_at(text, found.start() + 1)
    if "/" in text:
        for found in _inside("/", all_heads=has_line or has_dash).finditer(text):
            yield found.start() + 1, found.end(), _kind_at(text, found.start() + 1)
    if "." in text and "eyJ" in text:
        for found in _JWT.finditer(text):
            if found.lastindex:
                yield found.start(), found.end(), "jwt"
