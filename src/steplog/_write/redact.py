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


def may_hold_secret(text: str) -> bool:
    """Whether `text` has the literal part of any secret's shape; False is certain, True wants `masked`."""
    if len(text) < _SHORTEST:
        return False
    # Each literal is a necessary part of a pattern above. `in` is a memory search, the alternation 20 times dearer; for
    # one character it is the machine's own, a tenth of the price, so such a one stands before each group.
    if "-" in text and (
        "sk-" in text or "xox" in text or "pypi-" in text or "glpat-" in text or "-----BEGIN" in text
    ):
        return True
    if "_" in text and (
        "ghp_" in text or "gho_" in text or "ghu_" in text or "ghs_" in text or "ghr_" in text
        or "github_pat_" in text or "hf_" in text or "k_live_" in text or "k_test_" in text or "whsec_" in text
        or "npm_" in text
    ):  # fmt: skip
        return True
    if "A" in text and "I" in text and ("AKIA" in text or "ASIA" in text or "AIza" in text):
        return True
    if ("J" in text and "eyJ" in text) or ("9" in text and "2" in text and "ya29." in text):
        return True
    is_assigning = ":" in text or "=" in text
    if not is_assigning and " " not in text:
        return False
    low = text.lower()
    if " " in text and ("bearer " in low or "basic " in low):
        return True
    return is_assigning and (
        "://" in low or "secret" in low or "token" in low
        or ("pass" in low and ("passw" in low or "passphrase" in low))
        or ("api" in low and ("api_key" in low or "api-key" in low or "apikey" in low))
    )  # fmt: skip


CLEAN: set[str] = set()  # short texts met before that hold no secret: names, roles, keys, models
_MOSTCLEAN: Final = 8192
_LONGESTCLEAN: Final = 64


def is_clean(text: str) -> bool:
    """Whether a text certainly holds no secret; remembers short ones."""
    if text in CLEAN:
        return True
    if may_hold_secret(text) and masked(text, {}) != text:
        return False
    if len(text) <= _LONGESTCLEAN:
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
