"""What the writer does about secrets: which texts are clean, what was found so before, what this process's own secrets are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from steplog._secrets.environment import Environment, dotenv_secrets, folders_of_program
from steplog._secrets.known_values import GIVEN, KNOWN
from steplog._secrets.texts import may_hold_secret

# An id that LangChain, LangGraph or a uuid library made: of characters of which no token but two consists. Such ids
# come new with each message, so they are told by one call of C, and not remembered.
_OWN_ID: Final = re.compile(
    r"(?!fc-|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}\Z)(?:lc_run--|run--?)?[0-9a-f-]{1,64}"
).fullmatch
_environment: Final = Environment()
is_environment_new: Final = _environment.has_changed
_dotenv_was_read: list[bool] = []

CLEAN: set[str] = set()  # short texts met before that hold no secret: names, roles, keys, models
_MOST_CLEAN: Final = 8192
_LONGEST_CLEAN: Final = 64
# What is called when this process learns of one more secret: what was clean may hold it.
FORGET: list[Callable[[], None]] = [CLEAN.clear]


def is_clean(text: str) -> bool:
    """Whether a text certainly holds no secret; remembers short ones."""
    if text in CLEAN:
        return True
    known = KNOWN.kinds
    if may_hold_secret(text):
        return False
    if 0 < len(text) <= _LONGEST_CLEAN:
        if len(CLEAN) >= _MOST_CLEAN:
            CLEAN.clear()
        CLEAN.add(text)
        if (
            KNOWN.kinds is not known
        ):  # learned of one more in another thread, which forgot before we remembered
            CLEAN.discard(text)
    return True


def is_own_id(text: str) -> bool:
    """Whether a text is an id that cannot be a token, nor a value that this process knows to be secret."""
    return _OWN_ID(text) is not None and (not KNOWN.like_ids or not may_hold_secret(text))


def know_secrets(values: Iterable[str]) -> None:
    """Mask these values, and those in this process's environment and `.env`, in all logs of this process from now on."""
    found = [(value, GIVEN) for value in values]
    if not _dotenv_was_read:
        _dotenv_was_read.append(True)
        found += dotenv_secrets(folders_of_program())
    _learn(found)
    look_again()


def look_again() -> None:
    """Take in what came into the environment since it was looked at; costs next to nothing where nothing did."""
    if is_environment_new():
        _learn(_environment.secrets())


def _learn(values: list[tuple[str, str]]) -> None:
    if KNOWN.add(values):
        for forget in tuple(FORGET):
            forget()
