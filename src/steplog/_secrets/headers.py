"""What of an HTTP header's value is secret: credentials behind their scheme, cookies."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

from steplog._secrets.span import Span
from steplog._secrets.values import is_random, says_nothing

_AUTHORIZATION: Final = frozenset(
    ["authorization", "proxy-authorization", "proxy_authorization", "x-authorization"]
)
_COOKIE: Final = frozenset(["cookie", "set-cookie", "set_cookie", "cookie2"])
HEADER_NAMES: Final = _AUTHORIZATION | _COOKIE

# A scheme and what follows it. `AWS4-HMAC-SHA256 Credential=…, Signature=…` goes on to the end of the line.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,30}+)[ :=]{1,4}+(?=\S)")
_KNOWN_SCHEMES: Final = frozenset(
    ["bearer", "basic", "token", "digest", "apikey", "api-key", "key", "negotiate", "ntlm", "oauth", "hawk", "jwt", "aws4-hmac-sha256", "aws", "sharedkey", "sharedkeylite", "sharedaccesssignature", "googlelogin", "geniekey", "splunk", "signature", "dpop", "mac", "bot", "deepl-auth-key"]
)  # fmt: skip
_END: Final = re.compile(r"[\r\n<]|\\+[rn]")
_CREDENTIALS: Final = re.compile(r"""[^\s"'`\\,;<>]++""")
_COOKIE_PAIR: Final = re.compile(r"""[^\s"'`\\,;=<>]{1,100}+=(?![%{$])[^\s"'`\\,;<>]{2}""")
_LONGEST: Final = 8192
_LOOKED_AT: Final = 200
_FEW: Final = 6
SCHEMES: Final = frozenset(["arer ", "ARER ", "asic ", "ASIC "])
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/=-]{16,}+")


def header_value(text: str, name: str, start: int, end: int | None, closing: str) -> Span | None:
    """Where the secret of a header begins and ends; its value begins at `start` and has its end in quotes, or none.

    closing: the quote that the whole header stands in, if any.
    """
    stop = min(len(text), start + _LONGEST) if end is None else end
    # What the value is like, its beginning tells; to look for its end each time would be quadratic.
    head = text[start : min(stop, start + _LOOKED_AT)]
    if name.lower() in _COOKIE:
        first = _COOKIE_PAIR.match(head)
        begin, kind = (-1 if first is None else 0), "cookie"
    else:
        begin, kind = _credentials(head)
    if begin < 0 or says_nothing(head[begin:]):
        return None
    if end is None:
        if closing and (quote := text.find(closing, start, stop)) >= 0:
            stop = quote
        line_end = _END.search(text, start, stop)
        end = stop if line_end is None else line_end.start()
    end -= len(text[start:end]) - len(text[start:end].rstrip(" \t,;})]\\\"'"))
    return (start + begin, end, kind) if start + begin < end else None


def _credentials(value: str) -> tuple[int, str]:
    """Where the credentials begin in what follows `Authorization:`, and their kind; -1 where it is prose."""
    found = _SCHEME.match(value)
    scheme = found.group(1).lower() if found is not None else ""
    if found is not None and scheme in _KNOWN_SCHEMES:
        word = _CREDENTIALS.match(value, found.end())
        given = "" if word is None else word.group()
        is_secret = is_random(given, _FEW) or "=" in given or (scheme == "basic" and _holds_a_colon(given))
        kind = "bearer" if scheme in ("bearer", "basic") else "authorization"
        return (found.end() if is_secret else -1), kind
    # Without a scheme it is one word; several are prose that speaks of authorization.
    word = _CREDENTIALS.match(value)
    is_one = word is not None and not value[word.end() :].startswith(" ") and is_random(word.group(), _FEW)
    return (0 if is_one else -1), "authorization"


def credentials_behind(text: str, at: int) -> Iterator[Span]:
    """Credentials that begin at `at`, behind the word Bearer or Basic, of which the last letters are in `SCHEMES`."""
    found = _TOKEN68.match(text, at)
    if found is None:
        return
    is_basic = text[at - 5 : at].lower() == "asic "
    if _holds_a_colon(found.group()) if is_basic else is_random(found.group(), 16):
        yield at, found.end(), "bearer"


def _holds_a_colon(word: str) -> bool:
    """Whether a word is base64 of `user:password`."""
    head = word.rstrip("=")[:256]
    try:
        plain = binascii.a2b_base64(head + "=" * (-len(head) % 4))
    except binascii.Error:
        return False
    return b":" in plain and plain.isascii()
