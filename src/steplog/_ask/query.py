"""Which runs somebody wants, as a line of words: `status:error tool:search since:2h "exact phrase"`, and back to text."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.moments import moment_meant
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Choice = tuple[str, ...]
"""Values of which one must fit: `status:error,crashed`."""

Word = tuple[str, Choice]
"""A word of the line and what stands behind its colon; the word of a bare phrase is `text`."""


class QueryError(LogError, ValueError):
    """A query line cannot be understood; the text names the word, and what there is."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which runs are meant: all of it must hold. `str(query)` is the line that `parse` reads back.

    Each entry of the tuples is a choice, of which one value must fit. A run has several models, tools, tags, metadata and
    texts: each choice must be fitted by one of them. `name`, `model` and `error` (its type or message) fit any part of the
    value, whatever the case; the others the whole value, where `*` stands for anything. `finish` is why a model stopped
    (`cut`: any word that means the answer was cut off). `meta` is `KEY=VALUE`. `label` was put on it or on a step of it
    (`steplog note`), `unlabelled`: none was. `tool_failed`: one of those tools failed
    in it, or any tool if none is named. `min_tokens` counts input and output; `min_cost` is in US dollars. `since` and
    `until` are texts such as `2h`, counted from when the question is asked. `without` are words of which none may fit:
    `-status:ok`.
    """

    status: tuple[Choice, ...] = ()
    name: tuple[Choice, ...] = ()
    thread: tuple[Choice, ...] = ()
    model: tuple[Choice, ...] = ()
    tool: tuple[Choice, ...] = ()
    tag: tuple[Choice, ...] = ()
    meta: tuple[Choice, ...] = ()
    error: tuple[Choice, ...] = ()
    finish: tuple[Choice, ...] = ()
    text: tuple[Choice, ...] = ()
    label: tuple[Choice, ...] = ()
    unlabelled: bool = False
    tool_failed: bool = False
    min_ms: float | None = None
    min_tokens: int | None = None
    min_cost: float | None = None
    since: str = ""
    until: str = ""
    without: tuple[Word, ...] = ()

    def __str__(self) -> str:
        """The query as a line of words."""
        return " ".join(_words_of(self))

    def __bool__(self) -> bool:
        """Whether it asks for anything: an empty query fits every run."""
        return self != _EVERYTHING

    def as_json(self) -> dict[str, Any]:
        """What is asked for, by word; absent what is not."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        found["without"] = tuple((word, list(choice)) for word, choice in self.without)
        return {
            name.replace("_", "-"): [list(choice) for choice in value] if isinstance(value, tuple) else value
            for name, value in found.items()
            if value not in ((), "", None, False)
        }


_EVERYTHING: Final = Query()
_ONE_EACH: Final = frozenset(
    {"status", "name", "thread"}
)  # a run has one of them: a second word is another choice
_CHOICES: Final = (*sorted(_ONE_EACH), "model", "tool", "tag", "meta", "error", "finish", "text", "label")
_NUMBERS: Final = {"min-ms": float, "min-tokens": int, "min-cost": float}
_TIMES: Final = ("since", "until")
_FLAGS: Final = ("unlabelled", "tool-failed")
WORDS: Final = (*_CHOICES, *_FLAGS, *_NUMBERS, *_TIMES)
"""Every word that a query line may have, as it is written there."""
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_VALUE: Final = re.compile(rf'({_QUOTED}|[^,\s"]+)(,|(?=\s|$))')
_KEY: Final = re.compile(r"(-?[A-Za-z][A-Za-z-]*):")
_NOT: Final = "-"  # before a word: runs that it fits are left out
_PLAIN: Final = re.compile(r'[^\s",:\\]+')
_YES: Final = ("yes", "true", "1")


def parse(line: str) -> Query:
    """The query that a line of words means.

    >>> parse('status:error,crashed tool:search "quota exceeded"').status
    (('error', 'crashed'),)

    Raises: QueryError.
    """
    return query_of(_split(line))


def query_of(words: Iterable[Word]) -> Query:
    """The query that words mean, however they were written: `("status", ("error", "crashed"))`. Raises: QueryError."""
    found: dict[str, Any] = {}
    for word, choice in words:
        name = word.replace("-", "_")
        if word.startswith(_NOT):
            query_of([(word[1:], choice)])  # a mistake in it is told at once
            found["without"] = (*found.get("without", ()), (word[1:], choice))
        elif word in _ONE_EACH:
            found[name] = ((*(found[name][0] if name in found else ()), *choice),)
        elif word in _CHOICES:
            found[name] = (*found.get(name, ()), choice)
        else:
            found[name] = _single(word, choice)
    for choice in found.get("meta", ()):
        for pair in choice:
            if "=" not in pair:
                raise QueryError(f"meta:{pair} names no value: write meta:KEY=VALUE")
    return Query(**found)


def _single(word: str, choice: Choice) -> Any:
    """What a word that takes one value means by it."""
    value = choice[0] if len(choice) == 1 else ""
    if word in _FLAGS and value.lower() in _YES:
        return True
    try:
        if word in _NUMBERS:
            return _finite(_NUMBERS[word](value))
        if word in _TIMES:
            moment_meant(value)
            return value
    except ValueError as error:
        why = str(error) if word in _TIMES else f"{','.join(choice)!r} is no number"
        raise QueryError(f"{word}: {why}") from None
    if word in _FLAGS:
        raise QueryError(f"{word}:{','.join(choice)} means nothing: write {word}:yes")
    meant = get_close_matches(word, WORDS, 1)
    lead = f"did you mean {meant[0]!r}? There" if meant else "there"
    raise QueryError(
        f"no word {word!r}: {lead} are {', '.join(WORDS)}; in double quotes it is a text to look for"
    )


def _finite(number: float) -> float:
    if not isfinite(number):
        raise ValueError
    return number


def _split(line: str) -> Iterator[Word]:
    at = _past_blanks(line, 0)
    while at < len(line):
        key = _KEY.match(line, at)
        is_negated_phrase = line.startswith(f'{_NOT}"', at)
        word = key[1].lower() if key else f"{_NOT}text" if is_negated_phrase else "text"
        at = key.end() if key else at + is_negated_phrase
        choice, at = _values(line, at, several=key is not None)
        yield word, choice
        at = _past_blanks(line, at)


def _past_blanks(line: str, at: int) -> int:
    return next((place for place in range(at, len(line)) if not line[place].isspace()), len(line))


def _values(line: str, at: int, *, several: bool) -> tuple[Choice, int]:
    """The values that begin at a place, and where they end; a bare text may hold commas."""
    if not several and not line.startswith('"', at):
        text = line[at:].split(maxsplit=1)[0]
        return (text,), at + len(text)
    values: list[str] = []
    while (found := _VALUE.match(line, at)) is not None:
        values.append(_unquoted(found[1]))
        at = found.end()
        if not found[2]:
            return tuple(values), at
    raise QueryError(
        f"no value where {line[at:]!r} begins: write WORD:VALUE without a blank, blanks inside double quotes"
    )


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if value.startswith('"') else value


def _words_of(query: Query) -> Iterator[str]:
    for name in _CHOICES:
        for choice in getattr(query, name):
            values = ",".join(_quoted(value) for value in choice)
            yield values if name == "text" and len(choice) == 1 else f"{name}:{values}"
    yield from (f"{word}:yes" for word in _FLAGS if getattr(query, word.replace("-", "_")))
    for word in (*_NUMBERS, *_TIMES):
        value = getattr(query, word.replace("-", "_"))
        if value not in ("", None):
            yield f"{word}:{int(value) if isinstance(value, float) and value.is_integer() else value}"
    for word, choice in query.without:
        yield f"{_NOT}{word}:{','.join(map(_quoted, choice))}"


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
