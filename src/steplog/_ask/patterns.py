"""What to look for in texts: a phrase or an expression; and the bytes without which no line can have it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from steplog._ask.query import QueryError
from steplog._ask.scan import Needle, every, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

# Written as they are by every JSON encoder: a phrase is looked for by its longest piece of these.
_PLAIN: Final = re.compile(r"[ !#-.0-\[\]-~]+")


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
        piece = "" if self.is_expression else max(_PLAIN.findall(self.text), key=len, default="")
        if not piece:
            return every
        return _in_any_case(piece.lower().encode()) if self.ignore_case else literal(piece.encode())

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it stands in a text: beginnings and ends, in characters."""
        return (found.span() for found in self.compiled.finditer(text))


def _in_any_case(text: bytes) -> Needle:
    lowered: list[bytes] = [b"", b""]  # the block looked at last, and the same in lower case

    def find(block: bytes, start: int) -> int:
        if lowered[0] is not block:
            lowered[:] = block, block.lower()
        return lowered[1].find(text, start)

    return find
