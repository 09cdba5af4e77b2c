"""A text as words that can be compared: dates, times and ids are the same word whatever they say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_DAYS: Final = "(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_CLOCK: Final = (
    r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[ap]\.?m\.?)?(?:\s?(?:utc|gmt|z|[+-]\d{2}:?\d{2})\b)?"
)
_DATE: Final = re.compile(
    rf"""
    \d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{_CLOCK})?
  | (?:\b{_DAYS},?\s+)?(?:
        \b\d{{1,2}}(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?:{_MONTHS})\b\.?(?:,?\s+\d{{4}})?
      | \b(?:{_MONTHS})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?
      | \b(?:{_MONTHS}),?\s+\d{{4}}\b
      | \b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b
      | \d{{4}}-\d{{2}}-\d{{2}}
    )(?:,?\s+(?:at\s+)?{_CLOCK})?(?:\s*\(?\b{_DAYS}\b\)?)?
  | \b{_CLOCK}
    """,
    re.IGNORECASE | re.VERBOSE,
)  # fmt: skip
_ID: Final = re.compile(
    r"""
    \b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b
  | [\w.+-]+@[\w-]+\.[\w.-]+
  | \b(?=[\w-]*\d{3})(?=[\w-]*[A-Za-z])[\w-]+\b
  | \b(?=[0-9a-f]*\d[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b
  | \b\d{5,}(?:\.\d+)?\b
    """,
    re.VERBOSE,
)
_WORD: Final = re.compile(r"(\s*)(‹\w+›|\w+|[^\w\s])")
DATE: Final = "‹date›"
ID: Final = "‹id›"
_TELLING: Final = re.compile(r"[\d@]+")
_AROUND: Final = 40  # characters before a digit in which its date begins
_MOST: Final = 60_000  # characters of a text that are compared


class Word(NamedTuple):
    """A word, and the blanks that stand before it."""

    text: str
    blank: str = ""


@lru_cache(100_000)
def _word(text: str, blank: str) -> Word:
    """The word, one object for all texts: thousands of prompts are compared at once."""
    return Word(text, blank)


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text, each sign of punctuation a word of its own.

    >>> [word.text for word in words_of("Ticket c-8812, Friday 27 November 2026.")]
    ['Ticket', '‹id›', ',', '‹date›', '.']
    """
    same = "".join(_without_passing(text[:_MOST]))
    return tuple(_word(found[2], found[1]) for found in _WORD.finditer(same))


def text_of_words(words: tuple[Word, ...]) -> str:
    """The words as a text."""
    return "".join(word.blank + word.text for word in words).strip()


def _without_passing(text: str) -> Iterator[str]:
    """The text in pieces, without dates and ids; only around digits and `@` is looked for them, since each has one."""
    done = 0
    for begin, end in _windows(text):
        yield text[done:begin]
        yield _ID.sub(ID, _DATE.sub(DATE, text[begin:end]))
        done = end
    yield text[done:]


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of whole words around digits and `@`."""
    begin = end = -1
    for found in _TELLING.finditer(text):
        if found.end() <= end - _AROUND:
            continue
        start = text.rfind(" ", 0, max(0, found.start() - _AROUND)) + 1
        stop = text.find(" ", found.end() + 2 * _AROUND)
        stop = len(text) if stop < 0 else stop
        if begin >= 0 and start > end:
            yield begin, end
            begin = start
        begin, end = (start if begin < 0 else begin), max(end, stop)
    if begin >= 0:
        yield begin, end
