"""Whether what a text gives to a telling name is a secret, or a placeholder, a word of prose, a piece of code."""

from __future__ import annotations

import re
from typing import Final

from steplog._secrets.names import Telling, hides_number

# What says of what type a secret is, or that there is none: never masked.
_NO_SECRETS: Final = frozenset(
    [
        "none", "null", "nil", "undefined", "true", "false", "yes", "no", "on", "off", "empty", "unset", "missing",
        "invalid", "required", "optional", "expired", "unknown", "default", "string", "str", "byte", "bytes", "int",
        "integer", "number", "float", "bool", "boolean", "object", "array", "list", "dict", "any", "hidden",
        "redacted", "masked", "placeholder", "changeme", "change_me", "change-me", "example", "secretstr", "incorrect",
        "wrong", "denied", "failed", "changed", "reset", "forgotten", "needed", "provided", "disabled", "enabled",
        "basic", "bearer", "digest", "oauth", "oauth2", "self", "this", "value", "text", "plain", "here", "below",
        "above",
    ]
)  # fmt: skip
# `<token>`, `${TOKEN}`, `$TOKEN`, `$(cat x)`, `{token}`, `{{ token }}`, `[token]`, `(none)`, `%s`, `%(token)s`, `%TOKEN%`, `@token`
_STAND_IN: Final = re.compile(
    r"<[^>]*>?|\$\{[^}]*\}?|\$[A-Za-z_]\w*|\$[({].*|\{+[\w .|'\"\[\]()-]*\}*|\[[^\]]*\]?|\([\w ]*\)?"
    r"|%[a-z]|%\(.*|%[A-Za-z_]+%|@[A-Za-z_]+"
)
_BEGINS_STAND_IN: Final = frozenset("<${[(%@")
_CODE: Final = re.compile(
    r"[A-Za-z_]\w{0,80}(?:\.[A-Za-z_]\w{0,80}){0,8}[(\[]|[A-Za-z_]+[0-9]?(?:\.[A-Za-z_]+[0-9]?){1,8}\Z",
    re.ASCII,
)
_IN_CODE: Final = re.compile(r"[.(\[]")
_TELLING: Final = re.compile(r"pass|secret|token|key|auth|cred|pwd|cookie", re.IGNORECASE)
_PATH: Final = re.compile(r"(?:~|\.{1,2})?/|[A-Za-z]:[\\/]")
_DIGIT: Final = re.compile(r"[0-9]")
_SYMBOL: Final = re.compile(r"[!@#$%^&*+~?/=|](?![=?.!:]*\Z)")
_TURN: Final = re.compile(r"[a-z][A-Z]")
_LONGER_THAN_WORDS: Final = 20


def says_nothing(value: str) -> bool:
    """Whether a value only stands for a secret: `<token>`, `***`, `your-api-key`, `required`, `[masked:token]`."""
    if value[:1] in _BEGINS_STAND_IN and _STAND_IN.fullmatch(value[:200]) is not None:
        return True
    if value.startswith("[masked:"):
        return True
    low = value[:80].lower()
    return low in _NO_SECRETS or low.startswith("your") or not low.strip("*x.•…_?#- ")


def is_working_directory(told: Telling, value: str) -> bool:
    """Whether this is what a shell has in `PWD`, which stands for a password elsewhere."""
    return told.kind in ("pwd", "oldpwd") and _PATH.match(value) is not None


def is_secret_text(value: str, told: Telling) -> bool:
    """Whether a value in quotes is one. Under faint names (`token`, `auth`) a word of letters is a piece of some text."""
    if not value or says_nothing(value) or is_working_directory(told, value):
        return False
    if value.isdecimal():
        return hides_number(told, int(value[:20]))
    return not told.faint or (len(value) >= 6 and not (len(value) < 12 and value.strip().isalpha()))


def is_secret_word(word: str, told: Telling, *, is_tight: bool, ends_line: bool) -> bool:
    """Whether a value without quotes is one; `is_tight`: no blank stands between it and the equals sign."""
    if says_nothing(word) or (_IN_CODE.search(word) and (_CODE.match(word) or "://" in word)):
        return False
    if word.isdecimal():
        return hides_number(told, int(word[:20]))
    has_digit = _DIGIT.search(word) is not None
    if _PATH.match(word) and not (is_tight and has_digit):
        return False
    is_variable = told.is_variable and is_tight  # `DB_PASS=swordfish`, in which no code stands
    if has_digit:
        is_name = "_" in word and not is_variable and _TELLING.search(word) is not None
        return len(word) >= (8 if told.faint else 4 if is_tight else 6) and not is_name
    if _SYMBOL.search(word):
        return len(word) >= 6
    word = word.rstrip("=.!?:")
    if is_variable or is_random(word, 8):
        return len(word) >= 4 and not _TELLING.search(word)
    if told.faint or len(word) < 6 or not word.replace("-", "").isalpha() or _TELLING.search(word):
        return False
    return is_tight or (ends_line and word.islower() and "-" not in word)


def is_random(word: str, least: int) -> bool:
    """Whether a word of at least so many characters is of no language: it has digits, odd capitals, or is very long."""
    if len(word) < least or _DIGIT.search(word):
        return len(word) >= least
    # Capitals in the middle, as no name in code has them: `sWoRdfIsh`.
    return len(_TURN.findall(word[:80])) >= 3 or (len(word) >= _LONGER_THAN_WORDS and word.isalpha())
