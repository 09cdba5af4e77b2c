"""Which texts are one template with other things put in: told by how what differs between them changes in time.

What is put in (a name, a question, a document) changes to and fro, or is another each time. A new version of the text comes
and stays. What cannot be told apart counts as a new version: two texts alone, each seen in one conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from steplog._ask.skeletons import Skeleton, filled, skeleton

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._ask.prompt_words import Word

Value = tuple[str, ...]

_ENOUGH: Final = 3  # different values on either side of a change inside what is put in
_SHORT: Final = 6  # words up to which one word alone may be the change
_OWN: Final[Value] = ("‹own›",)


@dataclass(frozen=True, slots=True)
class Seen:
    """A text that was used: its words, in which conversation and by which process, and what was said there.

    `own` is the text of the conversation's own input and metadata in lower case, with a blank around each word.
    """

    words: tuple[Word, ...]
    thread: str = ""
    writer: str = ""
    own: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a text: what stays, and which of the texts (by their places) were made of it."""

    skeleton: Skeleton
    members: tuple[int, ...]


def templates(seen: Sequence[Seen]) -> list[Template]:
    """The versions of a text, in order of their first use; `seen` is in order of time."""
    found = _split(seen, list(range(len(seen))))
    return sorted(found, key=lambda template: template.members[0])


def _split(seen: Sequence[Seen], places: list[int]) -> list[Template]:
    whole = skeleton([seen[place].words for place in places])
    if not whole.gaps:
        return [Template(whole, tuple(places))]
    rows = [
        [_without_own(value, seen[place].own) for value in filled(whole, seen[place].words)]
        for place in places
    ]
    columns = [[row[gap] for row in rows] for gap in range(len(whole.gaps))]
    observed = _conversations(seen, places)
    for column in columns:
        if _comes_and_stays([column[at] for at in observed], [seen[places[at]].writer for at in observed]):
            parts: dict[Value, list[int]] = {}
            for place, value in zip(places, column, strict=True):
                parts.setdefault(value, []).append(place)
            return [each for part in parts.values() for each in _split(seen, part)]
    for column in columns:
        at = _change_inside(column)
        if at:
            return [*_split(seen, places[:at]), *_split(seen, places[at:])]
    return [Template(whole, tuple(places))]


def _without_own(value: Value, own: str) -> Value:
    """What was put in, or that it stands in what the conversation itself says."""
    said = " ".join(word.lower() for word in value if word[0].isalnum())
    return _OWN if said and f" {said} " in own else value


def _conversations(seen: Sequence[Seen], places: Sequence[int]) -> list[int]:
    """Of a conversation's texts that follow each other and are the same only the first: it says no more than one."""
    kept: list[int] = []
    last: dict[str, tuple[Word, ...]] = {}
    for at, place in enumerate(places):
        text = seen[place]
        if not text.thread or last.get(text.thread) != text.words:
            kept.append(at)
        last[text.thread] = text.words
    return kept


def _comes_and_stays(values: Sequence[Value], writers: Sequence[str]) -> bool:
    """Whether what differs is a new version: it changes as often as there are versions, not to and fro."""
    kinds = len(set(values))
    if kinds == 1:
        return False
    if _is_of_processes(values, writers):
        return True
    if kinds >= _ENOUGH and 2 * kinds >= len(values):
        return False
    changes = sum(one != other for one, other in pairwise(values))
    return changes <= kinds


def _is_of_processes(values: Sequence[Value], writers: Sequence[str]) -> bool:
    """Whether each of several processes that ran often had one value only: it stands in their program."""
    by_writer: dict[str, list[Value]] = {}
    for value, writer in zip(values, writers, strict=True):
        by_writer.setdefault(writer, []).append(value)
    busy = [several for several in by_writer.values() if len(several) >= _ENOUGH]
    return len(busy) >= 2 and all(len(set(several)) == 1 for several in by_writer.values())


def _change_inside(values: Sequence[Value]) -> int:
    """From which place on all values share words that none before has, or have lost such words; 0 if there is none."""
    size = 1 if max(map(len, values)) <= _SHORT else 3
    pieces = [_pieces(value, size) for value in values]
    first: dict[Value, int] = {}
    last: dict[Value, int] = {}
    for at, piece in enumerate(pieces):
        last |= dict.fromkeys(piece, at)
        for each in piece:
            first.setdefault(each, at)
    shared_before = list(accumulate(pieces, frozenset.__and__))
    shared_after = list(accumulate(pieces[::-1], frozenset.__and__))[::-1]
    kinds_before, kinds_after = _kinds(values), _kinds(values[::-1])[::-1]
    for at in range(1, len(values)):
        if kinds_before[at - 1] < _ENOUGH or kinds_after[at] < _ENOUGH:
            continue
        if any(first[each] >= at for each in shared_after[at]) or any(
            last[each] < at for each in shared_before[at - 1]
        ):
            return at
    return 0


def _pieces(value: Value, size: int) -> frozenset[Value]:
    """So many words that follow each other, wherever they stand, and the single words at either end."""
    ends = {("‹first›", value[0]), ("‹last›", value[-1])} if value else set[Value]()
    return frozenset(zip(*(value[at:] for at in range(size)), strict=False)) | ends


def _kinds(values: Sequence[Value]) -> list[int]:
    """How many different values there are up to each place."""
    seen: set[Value] = set()
    found: list[int] = []
    for value in values:
        seen.add(value)
        found.append(len(seen))
    return found
