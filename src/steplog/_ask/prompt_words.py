"""A text as words that can be compared: dates, times and ids are the same word whatever they say."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

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
_MOST: Final = 60_000  # characters of a text that are compared


class Word(NamedTuple):
    """A word, and the blanks that stand before it."""

    text: str
    blank: str = ""


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text, each sign of punctuation a word of its own.

    >>> [word.text for word in words_of("Ticket c-8812, Friday 27 November 2026.")]
    ['Ticket', '‹id›', ',', '‹date›', '.']
    """
    same = _ID.sub(ID, _DATE.sub(DATE, text[:_MOST]))
    return tuple(Word(found[2], found[1]) for found in _WORD.finditer(same))


def text_of_words(words: tuple[Word, ...]) -> str:
    """The words as a text."""
    return "".join(word.blank + word.text for word in words).strip()
