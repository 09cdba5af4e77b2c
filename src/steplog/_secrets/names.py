"""Which names tell of a secret: keys of mappings, names in a text, variables of the environment."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# A name tells of a secret by its end. These are words: "pass" ends `DB_PASS` and `userPass`, but not `compass`.
_WORDS: Final = frozenset(
    ["pass", "pwd", "secret", "secrets", "token", "cookie", "cookies", "auth", "otp", "totp", "jwt", "credential", "credentials", "creds", "password", "passwords", "passwd", "passphrase", "passcode", "authorization", "mnemonic", "signature", "sig"]
)  # fmt: skip
# Two words, written in any way that names are: `api_key`, `apiKey`, `API-KEY`, `apikey`.
_PHRASES: Final = tuple(
    [(word, "key") for word in ("api", "secret", "private", "access", "encryption", "decryption", "signing", "master", "account", "storage", "subscription", "shared", "deploy", "license", "service", "admin", "ssh", "hmac", "client", "session", "webhook", "functions", "auth", "openai", "anthropic", "azure")]
    + [(word, "tokens") for word in ("api", "access", "auth", "refresh", "session", "bearer")]
    + [(word, "keys") for word in ("api", "secret", "private", "access")]
    + [(word, "code") for word in ("otp", "mfa", "pin", "recovery", "backup", "verification", "security")]
    + [(word, "codes") for word in ("recovery", "backup")]
    + [("session", "id"), ("seed", "phrase"), ("recovery", "phrase"), ("connection", "string"), ("database", "url")]
)  # fmt: skip
# Ends so plain that they tell even where nothing parts them from what is before: `dbpassword`, `openaiapikey`.
_ENDS: Final = tuple(
    ["password", "passwords", "passwd", "passphrase", "passcode", "clientsecret", "appsecret", "apisecret", "accesstoken", "authtoken", "refreshtoken", "sessiontoken", "bearertoken", "authorization", "sessionid"]
    + ["".join(phrase) for phrase in _PHRASES if phrase[1] in ("key", "keys", "tokens")]
)  # fmt: skip
# Tokens that are no secrets: of a language model's text, and of lists that are read page by page.
_NO_SECRET_TOKENS: Final = frozenset(
    ["pad", "padding", "eos", "bos", "unk", "sep", "cls", "mask", "stop", "start", "end", "begin", "first", "last", "special", "image", "audio", "control", "next", "prev", "previous", "page", "continuation", "per", "max", "min", "num", "prompt", "completion", "input", "output", "cached", "reasoning", "total", "new", "top"]
)  # fmt: skip
# Signatures of requests are secrets; those of functions, and of a model's thoughts, are none.
_SIGNED: Final = frozenset(["amz", "goog", "request", "webhook", "hub", "sas"])
# Under these names a number may be the secret; under others (tokens, sessions, tests that pass) it is a count.
_NUMBERS_TOO: Final = (
    "password", "passwd", "pwd", "passphrase", "passcode", "secret", "otp", "key", "code", "credential",
)  # fmt: skip
_FEW_DIGITS: Final = 10_000_000  # below this, a number under others is a count
# Names that tell of a secret only where the value looks like one: text has tokens, tests pass.
_FAINT: Final = frozenset(["token", "tokens", "auth", "pass", "sig", "signature", "code", "codes", "key"])

# What a telling name may end with, as its last words: for who looks for such names in a text.
ENDS_OF_NAMES: Final[tuple[tuple[str, ...], ...]] = (*((word,) for word in sorted(_WORDS)), *_PHRASES)

_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST: Final = 80
_SHOWN: Final = 40
_MOST_KNOWN: Final = 4096


class Telling(NamedTuple):
    """What a name tells: the kind under which its value is masked, and how surely that is a secret.

    faint: only where it looks like one. counts: a number under it is a count. is_variable: written as variables are.
    """

    kind: str
    faint: bool
    counts: bool
    is_variable: bool


_known: dict[str, Telling | None] = {}


def telling(name: str) -> Telling | None:
    """What a name tells of a secret in its value; None for most names."""
    try:
        return _known[name]
    except KeyError:
        found = _told(name[-_LONGEST:])
        if len(_known) < _MOST_KNOWN and len(name) <= _LONGEST:
            _known[name] = found
        return found


def hides_number(told: Telling, value: float) -> bool:
    """Whether a number under a telling name is the secret: `password: 20241231` is, `token: 5` is a count."""
    return abs(value) >= _FEW_DIGITS if told.counts else abs(value) > 1


def _told(name: str) -> Telling | None:
    words = [part.lower() for part in _PARTS.findall(name)]
    while words and words[-1].isdigit():  # `password2`
        words.pop()
    if not words or not _tells(words):
        return None
    kind = name.lower().replace("-", "_").replace(" ", "_")[:_SHOWN]
    return Telling(kind, words[-1] in _FAINT, not words[-1].endswith(_NUMBERS_TOO), name.isupper())


def _tells(words: list[str]) -> bool:
    before, last = (words[-2] if len(words) > 1 else ""), words[-1]
    if last == "token":
        return before not in _NO_SECRET_TOKENS
    if last in ("signature", "sig"):
        return before in _SIGNED
    return last in _WORDS or (before, last) in _PHRASES or "".join(words).endswith(_ENDS)
