"""All secrets in a text: whether there is one, where they stand, and the text without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from steplog._secrets.assignments import assignments, telling_signs
from steplog._secrets.commands import netrc, options, statements
from steplog._secrets.commands import users as users_of_curl
from steplog._secrets.known_values import KNOWN
from steplog._secrets.markup import elements
from steplog._secrets.span import Span
from steplog._secrets.tokens import LONG_RUN, runs_of, tokens
from steplog._secrets.urls import users, webhooks

_SHORTEST: Final = 8
_SHORTEST_TOKEN: Final = len(LONG_RUN)
# Up to the end marker or, where a text was cut, to its end.
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?=[\s\\&A-Za-z0-9+/])(?:[^-]++|-(?!----))*+(?:-----END [A-Z0-9 ]{0,60}-----)?"
)
# What the rules of command lines and private keys need: a search for one character first is the cheapest there is.
_DASHED: Final = re.compile(r"-(?:-[A-Za-z]|----BEGIN|u[ =])")
_by_start: Final = itemgetter(0)


def may_hold_secret(text: str) -> bool:
    """Whether `text` holds a secret that `masked` would find."""
    return bool(_found(text))


def secrets_in(text: str) -> list[Span]:
    """Where secrets stand in a text, in order, and of which kind each is; what overlaps is one."""
    spans: list[Span] = []
    for begin, end, kind in sorted(_found(text), key=_by_start):
        if spans and begin < spans[-1][1]:
            first, until, known = spans[-1]
            spans[-1] = first, max(until, end), known if known not in _VAGUE else kind
        else:
            spans.append((begin, end, kind))
    return spans


_VAGUE: Final = frozenset(
    [
        "assignment",
        "option",
        "element",
        "authorization",
        "bearer",
        "cookie",
        "netrc",
        "statement",
        "url_token",
    ]
)


def masked(text: str, counts: dict[str, int]) -> str:
    """`text` with each secret replaced by `[masked:<kind>]`; adds to `counts` by kind."""
    spans = secrets_in(text)
    if not spans:
        return text
    pieces: list[str] = []
    done = 0
    for begin, end, kind in spans:
        pieces += (text[done:begin], f"[masked:{kind}]")
        counts[kind] = counts.get(kind, 0) + 1
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _found(text: str) -> list[Span]:
    """Where secrets stand, as each way to look finds them; each is asked only where what it needs is in the text."""
    if len(text) < _SHORTEST:
        return []
    found: list[Span] = []
    data = text.encode("ascii", "replace")
    has_long_run = False
    if len(text) >= _SHORTEST_TOKEN and LONG_RUN in (runs := runs_of(data)):
        has_long_run = True
        found += tokens(text, runs)
        if "/" in text and "hook" in text:
            found += webhooks(text)
    if (":" in text or "=" in text) and (signs := telling_signs(data)):
        found += assignments(text, signs)
    if "-" in text and _DASHED.search(text) is not None:
        found += _dashed(text)
    if "@" in text and "://" in text:
        found += users(text)
    if "<" in text and ("</" in text or "/>" in text):
        found += elements(text)
    if "'" in text and ("PASSWORD" in text or "IDENTIFIED BY" in text):
        found += statements(text)
    if " " in text and "password" in text and "machine " in text:
        found += netrc(text)
    if KNOWN.kinds:
        found += KNOWN.values_in(text, data, has_long_run=has_long_run)
    return found


def _dashed(text: str) -> Iterator[Span]:
    if "-----BEGIN" in text:
        for found in _PRIVATE_KEY.finditer(text):
            yield *found.span(), "private_key"
    yield from options(text)
    if "curl" in text:
        yield from users_of_curl(text)
