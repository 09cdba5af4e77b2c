"""What many texts have in common, in order, and what each of them has in between."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._ask.prompt_words import Word

_MOST: Final = 120  # different texts that are compared word by word
_MOST_PAIRS: Final = 100_000  # of words
SLOT: Final = "‹…›"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The words that all of the texts have, and before which of them (or behind the last) some have others."""

    words: tuple[Word, ...]
    gaps: tuple[int, ...]

    @property
    def text(self) -> str:
        """It as a text, with `‹…›` where something is put in."""
        parts: list[str] = []
        for at, word in enumerate(self.words):
            parts += ([" " if parts else "", SLOT] if at in self.gaps else []) + [word.blank, word.text]
        return "".join([*parts, " ", SLOT] if len(self.words) in self.gaps else parts).strip()


def skeleton(texts: Sequence[tuple[Word, ...]]) -> Skeleton:
    """What the texts have in common."""
    distinct = list({tuple(word.text for word in text): text for text in texts}.values())
    step = -(-len(distinct) // _MOST)
    found = Skeleton(distinct[0], ())
    for text in (*distinct[1::step], *distinct[1:]):
        if not _fits(found, text):
            found = _narrowed(found, text)
    return found


def filled(found: Skeleton, text: tuple[Word, ...]) -> list[tuple[str, ...]]:
    """What the text has in each gap of a skeleton that it was made with."""
    values: list[tuple[str, ...]] = []
    first, *others = _chunks(found)
    at = len(first)
    for nth, chunk in enumerate(others):
        is_last = nth == len(others) - 1  # whose words stand at the end
        begin = len(text) - len(chunk) if is_last else _find(text, chunk, at)
        values.append(tuple(word.text for word in text[at : max(begin, at)]))
        at = max(begin, at) + len(chunk)
    return values


def _chunks(found: Skeleton) -> list[tuple[str, ...]]:
    """The words between the gaps, what stands before the first of them first."""
    places = (0, *found.gaps, len(found.words))
    return [tuple(word.text for word in found.words[begin:end]) for begin, end in pairwise(places)]


def _fits(found: Skeleton, text: tuple[Word, ...]) -> bool:
    """Whether a text has all words of the skeleton, and others only in its gaps."""
    words = tuple(word.text for word in text)
    chunks = _chunks(found)
    if not found.gaps:
        return words == chunks[0]
    first, *middle, last = chunks
    if words[: len(first)] != first or (last and words[-len(last) :] != last):
        return False
    at, end = len(first), len(words) - len(last)
    for chunk in middle:
        begin = _find(text, chunk, at)
        if begin < 0:
            return False
        at = begin + len(chunk)
    return at <= end


def _find(text: Sequence[Word], chunk: tuple[str, ...], start: int) -> int:
    size = len(chunk)
    for at in range(start, len(text) - size + 1):
        if text[at].text == chunk[0] and all(text[at + k].text == chunk[k] for k in range(1, size)):
            return at
    return -1


def _narrowed(found: Skeleton, text: tuple[Word, ...]) -> Skeleton:
    """What the skeleton and one more text have in common."""
    left, right = [word.text for word in found.words], [word.text for word in text]
    head = _same(left, right)
    tail = _same(left[head:][::-1], right[head:][::-1])
    middle = found.words[head : len(left) - tail], text[head : len(right) - tail]
    blocks = [(a + head, b + head, size) for a, b, size in _blocks(*middle)]
    blocks = [(0, 0, head), *blocks, (len(left) - tail, len(right) - tail, tail)]
    words: list[Word] = []
    gaps: set[int] = set()
    end_a = end_b = 0
    for a, b, size in blocks:
        if a > end_a or b > end_b or any(end_a <= gap < a for gap in found.gaps):
            gaps.add(len(words))
        gaps.update(len(words) + gap - a for gap in found.gaps if a <= gap < a + size)
        words += found.words[a : a + size]
        end_a, end_b = a + size, b + size
    if len(found.words) in found.gaps:
        gaps.add(len(words))
    return Skeleton(tuple(words), tuple(sorted(gaps)))


def _blocks(one: Sequence[Word], other: Sequence[Word]) -> list[tuple[int, int, int]]:
    """What both have, as places and lengths: by words, or by lines where there are too many words to compare each."""
    by_line = len(one) * len(other) > _MOST_PAIRS
    lines = [_lines(side) if by_line else [(word.text,) for word in side] for side in (one, other)]
    starts = [list(accumulate(map(len, side), initial=0)) for side in lines]
    matcher = SequenceMatcher(None, lines[0], lines[1], autojunk=False)
    return [
        (starts[0][a], starts[1][b], starts[0][a + size] - starts[0][a])
        for a, b, size in matcher.get_matching_blocks()
        if size
    ]


def _lines(words: Sequence[Word]) -> list[tuple[str, ...]]:
    lines: list[list[str]] = []
    for word in words:
        if not lines or "\n" in word.blank:
            lines.append([])
        lines[-1].append(word.text)
    return [tuple(line) for line in lines]


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words they begin with that are the same."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
