"""Which letters a text must have for a regular expression to match in it, so that most lines need not be looked at."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Pieces = frozenset[str]
"""Texts of which one must be there; empty: nothing is known."""

_NOTHING: Final[Pieces] = frozenset()
_MOST_PIECES: Final = 16
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


def required_pieces(pattern: str, plain: re.Pattern[str]) -> Pieces:
    """Texts of which one stands wherever the expression matches, each a piece that `plain` matches; none if that is not known."""
    try:
        return _of_sequence(_parser().parse(pattern), plain)
    except (
        ImportError,
        AttributeError,
        RecursionError,
    ):  # another Python takes expressions apart in another way
        return _NOTHING


def _parser() -> Any:
    """What `re` itself takes expressions apart with: it is no public part of Python, and may go."""
    from re import _parser  # noqa: PLC0415 # pyright: ignore -- as said above

    return _parser


def _of_sequence(parts: Iterable[tuple[Any, Any]], plain: re.Pattern[str]) -> Pieces:
    """What one part of a sequence must have: letters in a row, or the inside of a group."""
    found: list[Pieces] = []
    letters: list[str] = []
    for kind, value in parts:
        if str(kind) == "LITERAL":
            letters.append(chr(value))
            continue
        found.extend(_of_letters(letters, plain))
        letters = []
        found.append(_of_part(str(kind), value, plain))
    found.extend(_of_letters(letters, plain))
    return max(found, key=_worth, default=_NOTHING)


def _of_letters(letters: list[str], plain: re.Pattern[str]) -> Iterator[Pieces]:
    pieces: list[str] = plain.findall("".join(letters))
    if pieces:
        yield frozenset({max(pieces, key=len)})


def _of_part(kind: str, value: Any, plain: re.Pattern[str]) -> Pieces:
    if kind in _REPEATS and value[0] > 0:
        return _of_sequence(value[2], plain)
    if kind == "SUBPATTERN" and not value[1] & re.IGNORECASE:
        return _of_sequence(value[3], plain)
    if kind == "ATOMIC_GROUP":
        return _of_sequence(value, plain)
    if kind == "BRANCH":
        choices = [_of_sequence(choice, plain) for choice in value[1]]
        return frozenset(chain.from_iterable(choices)) if all(choices) else _NOTHING
    return _NOTHING


def _worth(pieces: Pieces) -> int:
    """How much a choice of pieces leaves out: as much as its shortest."""
    return min(map(len, pieces)) if 0 < len(pieces) <= _MOST_PIECES else 0
