"""Finds secrets in command lines and the files of commands: `--password x`, `curl -u name:password`, `.netrc`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from steplog._secrets.names import Telling, telling
from steplog._secrets.span import Span
from steplog._secrets.values import is_random, says_nothing

_OPTION: Final = re.compile(r"""--([A-Za-z][A-Za-z0-9-]{1,40}+)[ ]{1,4}+(?:"([^"\n]{1,512}+)"|'([^'\n]{1,512}+)'|([^\s"'\\,;&<>)}\]|-][^\s"'\\,;&<>)}\]|]{0,511}+))""")  # fmt: skip
_USER: Final = re.compile(
    r"""-(?<=[\s"'\[(,]-)(?:u|-user|-proxy-user)[ =]{0,2}+["']?+[^\s:"']{0,64}+:([^\s"'\\]{1,512}+)"""
)
_NETRC: Final = re.compile(
    r"machine\s{1,8}+\S{1,256}+\s{1,8}+login\s{1,8}+\S{1,128}+\s{1,8}+password\s{1,8}+(\S{1,512}+)"
)
# `… WITH PASSWORD 'x'`, `… IDENTIFIED BY 'x'`, `define('DB_PASSWORD', 'x')`
_SQL: Final = re.compile(r"""(?:PASSWORD["']?|IDENTIFIED BY)[ ,]{1,4}+(["'])([^"'\n]{1,512}+)\1""")
_LONGER_THAN_IDS: Final = 6
# What follows the name of an option in prose that speaks of it.
_PROSE: Final = frozenset(
    [
        "a", "an", "and", "are", "argument", "arguments", "as", "at", "be", "by", "can", "cannot", "command", "does",
        "first", "flag", "flags", "for", "from", "has", "if", "in", "instead", "into", "is", "it", "may", "means",
        "must", "nor", "not", "of", "on", "option", "options", "or", "parameter", "provided", "should", "that", "the",
        "then", "this", "to", "used", "using", "value", "was", "were", "when", "where", "which", "will", "with",
        "without", "you", "your",
    ]
)  # fmt: skip


def options(text: str) -> Iterator[Span]:
    """What command lines give to options with a telling name."""
    for found in _OPTION.finditer(text):
        told = telling(found.group(1))
        if told is not None:
            group = found.lastindex or 0
            if _is_secret(found.group(group), told, is_quoted=group != 4):
                yield *found.span(group), "option"


def _is_secret(value: str, told: Telling, *, is_quoted: bool) -> bool:
    word = value.rstrip(".:")
    if says_nothing(word) or word.lower() in _PROSE or word.replace("_", "").replace("-", "").isupper():
        return False
    return is_random(word, 8) if told.faint else is_quoted or word.isascii()


def users(text: str) -> Iterator[Span]:
    """Passwords that curl was given on its command line."""
    for found in _USER.finditer(text, max(text.find("curl"), 0)):
        password = found.group(1)
        is_group = (
            password.isdecimal() and len(password) < _LONGER_THAN_IDS
        )  # as in `docker run -u 1000:1000`
        if not is_group and not says_nothing(password):
            yield *found.span(1), "option"


def statements(text: str) -> Iterator[Span]:
    """Passwords in SQL, and in the configuration of programs in PHP."""
    for found in _SQL.finditer(text):
        if not says_nothing(found.group(2)):
            yield *found.span(2), "statement"


def netrc(text: str) -> Iterator[Span]:
    """Passwords in a `.netrc`."""
    for found in _NETRC.finditer(text):
        if not says_nothing(found.group(1)):
            yield *found.span(1), "netrc"
