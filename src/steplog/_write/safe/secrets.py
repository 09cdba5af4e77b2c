"""Secrets out of texts and from under telling keys, counted by kind."""

from __future__ import annotations

import re
from typing import Final

_TELLING = (
    r"(?i:api[_-]?key|passw(?:or)?d|passphrase|secret(?:[_-]?(?:access[_-]?)?key)?"
    r"|(?:access|auth|refresh|session|id)[_-]?token)"
)
_TOKEN_SHAPES: tuple[tuple[str, str], ...] = (
    ("anthropic_key", r"(?<![\w-])sk-ant-[A-Za-z0-9_-]{16,}"),
    # A digit somewhere: "sk-" begins words of prose, too.
    ("openai_key", r"(?<![\w-])sk-(?=[A-Za-z_-]{0,200}\d)[A-Za-z0-9_-]{16,}"),
    ("aws_key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("github_token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("slack_token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("google_key", r"\b(?:AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,})"),
    ("jwt", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    ("hf_token", r"\bhf_[A-Za-z0-9]{20,}"),
    ("stripe_key", r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{16,})"),
    ("npm_token", r"\bnpm_[A-Za-z0-9]{30,}"),
    ("pypi_token", r"\bpypi-[A-Za-z0-9_-]{30,}"),
    ("gitlab_token", r"\bglpat-[A-Za-z0-9_-]{16,}"),
    # Up to the end marker or, where a text was cut, to its end; no lazy dot, which turns quadratic.
    (
        "private_key",
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----))*(?:-----END [A-Z ]{0,40}-----)?",
    ),
    ("url_password", r"(?<=://)[^\s/:@\"']{1,256}:[^\s/@\"']{1,256}(?=@)"),
    ("bearer", r"(?i:\b(?:bearer|basic)[ ]+)[A-Za-z0-9._~+/=-]{16,}"),
    (
        "assignment",
        rf"{_TELLING}\\?[\"']?\s{{0,3}}[=:]\s{{0,3}}\\?[\"']?(?!\[masked:)(?P<value>[^\s\"'\\,;&)}}\]]{{6,}})",
    ),
)
_SHAPES = re.compile("|".join(f"(?P<{kind}>{shape})" for kind, shape in _TOKEN_SHAPES))
_AFTER_SCHEME = re.compile(r"\S+\Z")

_SECRET_KEYS = frozenset(
    ["password", "passwd", "pwd", "passphrase", "secret", "secretkey", "apikey", "xapikey", "token", "accesstoken", "authtoken", "refreshtoken", "idtoken", "sessiontoken", "bearertoken", "authorization", "proxyauthorization", "clientsecret", "privatekey", "secretaccesskey", "awssecretaccesskey", "awssessiontoken", "cookie", "setcookie", "credentials", "connectionstring", "databaseurl"]
)  # fmt: skip
_SECRET_ENDS = (
    "password",
    "apikey",
    "secretkey",
    "accesstoken",
    "authtoken",
    "clientsecret",
    "privatekey",
    "passphrase",
)
_SHORTEST = 8


def secret_key_kind(key: str) -> str | None:
    """The kind under which the value of a mapping's `key` is masked; None where the key tells of no secret."""
    bare = key.lower().replace("_", "").replace("-", "").replace(" ", "")
    if bare in _SECRET_KEYS or bare.endswith(_SECRET_ENDS):
        return key.lower().replace("-", "_").replace(" ", "_")[:40]
    return None


# What stands before a dash or an underscore in the shapes above: two characters of it, or the other dash.
_BEFORE_DASH = frozenset(("sk", "pi", "at", "xa", "xb", "xe", "xo", "xp", "xr", "xs", ""))
_BEFORE_UNDERSCORE = frozenset(("hp", "ho", "hu", "hs", "hr", "ub", "hf", "ve", "st", "ec", "pm"))
_TELLING_ENDS = ("key", "passwd", "password", "passphrase", "secret", "token")
_FEW = 20
_LONG = 256


def may_hold_secret(text: str) -> bool:
    """Whether `text` has the necessary part of any secret's shape; False is certain, True wants `masked`."""
    # A search for one character is the machine's own and costs next to nothing, one for a word takes 0.5 us a kB, the
    # alternation of all shapes 20 times that. So words are looked for only where the characters that they have are.
    if len(text) < _SHORTEST:
        return False
    is_long = len(text) > _LONG
    if "-" in text and not (is_long and _never_before(text, "-", _BEFORE_DASH)) and _has_dashed(text):
        return True
    if (
        "_" in text
        and not (is_long and _never_before(text, "_", _BEFORE_UNDERSCORE))
        and _has_underscored(text)
    ):
        return True
    if "I" in text and "A" in text and ("AKIA" in text or "ASIA" in text or "AIza" in text):
        return True
    if ("J" in text and "eyJ" in text) or ("9" in text and "2" in text and "ya29." in text):
        return True
    if "@" in text and "://" in text:
        return True
    is_assigning = ":" in text or "=" in text
    if not is_assigning and " " not in text:
        return False
    low = text.lower()
    return "bearer " in low or "basic " in low or (is_assigning and _assigns(low))


def _never_before(text: str, mark: str, ends: frozenset[str]) -> bool:
    """Whether none of these two characters ever stands before a mark."""
    before = text.split(mark, _FEW)
    if len(before) > _FEW:
        return False  # too many to look at
    before.pop()
    return ends.isdisjoint([piece[-2:] for piece in before])


def _has_dashed(text: str) -> bool:
    return "sk-" in text or "xox" in text or "pypi-" in text or "glpat-" in text or "-----BEGIN" in text


def _has_underscored(text: str) -> bool:
    return (
        "ghp_" in text or "gho_" in text or "ghu_" in text or "ghs_" in text or "ghr_" in text
        or "github_pat_" in text or "hf_" in text or "k_live_" in text or "k_test_" in text or "whsec_" in text
        or "npm_" in text
    )  # fmt: skip


def _assigns(low: str) -> bool:
    """Whether a colon or an equals sign follows a word that tells of a secret."""
    for mark in ":=":
        if mark in low:
            before = low.split(mark, _FEW)
            if len(before) > _FEW:
                return (
                    "passw" in low or "passphrase" in low or "secret" in low or "token" in low or "api" in low
                )
            before.pop()
            for piece in before:
                if piece[-20:].rstrip().rstrip("\"'\\").endswith(_TELLING_ENDS):
                    return True
    return False


# An id that LangChain, LangGraph or a uuid library made: of characters of which no secret's shape can consist. Such ids
# come new with each message, so they are told by one call of C, and not remembered.
is_own_id: Final = re.compile(r"(?:lc_run--|run--?)?[0-9a-f-]{1,64}").fullmatch

CLEAN: set[str] = set()  # short texts met before that hold no secret: names, roles, keys, models
_MOSTCLEAN: Final = 8192
_LONGESTCLEAN: Final = 64


def is_clean(text: str) -> bool:
    """Whether a text certainly holds no secret; remembers short ones."""
    if text in CLEAN:
        return True
    if may_hold_secret(text) and masked(text, {}) != text:
        return False
    if 0 < len(text) <= _LONGESTCLEAN:
        if len(CLEAN) >= _MOSTCLEAN:
            CLEAN.clear()
        CLEAN.add(text)
    return True


def masked(text: str, counts: dict[str, int]) -> str:
    """`text` with each secret replaced by `[masked:<kind>]`; adds to `counts` by kind."""
    if not may_hold_secret(text):
        return text

    def replace(match: re.Match[str]) -> str:
        kind = match.lastgroup or "secret"
        counts[kind] = counts.get(kind, 0) + 1
        found = match.group()
        if kind == "assignment":
            return found[: match.start("value") - match.start()] + f"[masked:{kind}]"
        if kind == "bearer":
            return _AFTER_SCHEME.sub(f"[masked:{kind}]", found)
        if kind == "url_password":
            return found.partition(":")[0] + f":[masked:{kind}]"
        return f"[masked:{kind}]"

    return _SHAPES.sub(replace, text)
