"""What to look for in texts: a phrase or an expression; and the bytes without which no line can have it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from steplog._ask.query import QueryError
from steplog._ask.required import required_pieces
from steplog._ask.scan import Needle, every, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

# Written as they are by every JSON encoder: a phrase is looked for by its longest piece of these.
_PLAIN: Final = re.compile(r"[ !#-.0-\[\]-~]+")
# In any case `i`, `k` and `s` stand for letters beyond ASCII, too: the Kelvin sign is a `k`.
_PLAIN_IN_ANY_CASE: Final = re.compile(r"[ !#-.0-HJL-RT-\[\]-hjl-rt-~]+")


@dataclass(frozen=True)
class Pattern:
    """A phrase, or with `is_expression` a regular expression of Python's.

    Raises: QueryError if it is empty, or no expression.
    """

    text: str
    is_expression: bool = False
    ignore_case: bool = False

    def __post_init__(self) -> None:
        """Compiles it, so that a mistake is told at once."""
        if not self.text:
            raise QueryError("there is nothing to look for: the pattern is empty")
        _ = self.compiled

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The expression that finds it in a text."""
        source = self.text if self.is_expression else re.escape(self.text)
        try:
            return re.compile(source, re.IGNORECASE if self.ignore_case else 0)
        except re.error as error:
            raise QueryError(f"{self.text!r} is no regular expression: {error}") from None

    @cached_property
    def needle(self) -> Needle:
        """What stands in the bytes of every line that has it."""
        in_any_case = bool(self.compiled.flags & re.IGNORECASE)
        plain = _PLAIN_IN_ANY_CASE if in_any_case else _PLAIN
        if self.is_expression:
            pieces: Collection[str] = required_pieces(self.text, plain)
        else:
            pieces = [found] if (found := max(plain.findall(self.text), key=len, default="")) else []
        if not pieces:
            return every
        encoded = [(piece.lower() if in_any_case else piece).encode() for piece in pieces]
        if len(encoded) == 1 and not in_any_case:
            return literal(encoded[0])
        return _any_of(encoded, bytes.lower if in_any_case else bytes)

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it stands in a text: beginnings and ends, in characters."""
        return (found.span() for found in self.compiled.finditer(text))


def _any_of(pieces: Collection[bytes], seen_as: Callable[[bytes], bytes]) -> Needle:
    """A needle for the first of these in what `seen_as` makes of a block, of the same length."""
    looked_at: list[bytes] = [b"", b""]  # the block looked at last, and what was made of it
    following: dict[bytes, int] = {}  # where each stands next in it

    def find(block: bytes, start: int) -> int:
        if looked_at[0] is not block:
            looked_at[:] = block, seen_as(block)
            following.clear()
        for piece in pieces:
            if -1 < following.get(piece, 0) <= start:
                following[piece] = looked_at[1].find(piece, start)
        return min((at for at in following.values() if at >= 0), default=-1)

    return find
