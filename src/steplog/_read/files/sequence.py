"""Which line numbers of a writer have been seen: finds repeated lines and gaps in little memory."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines that a writer counted and the log does not have: `first` to `last`, both included."""

    writer: str
    first: int
    last: int


@dataclass(slots=True)
class Sequence:
    """The numbers seen so far, as ranges; a whole log of one writer is a single range."""

    starts: list[int] = field(default_factory=list[int])
    ends: list[int] = field(default_factory=list[int])

    def add(self, number: int) -> bool:
        """Takes note of `number`; False if it was seen before."""
        return self.add_range(number, number)

    def add_range(self, first: int, last: int) -> bool:
        """Takes note of the numbers from `first` to `last`; False, and of none of them, if any was seen before."""
        at = bisect_right(self.starts, last)
        if at and first <= self.ends[at - 1]:
            return False
        joins_left = at > 0 and self.ends[at - 1] == first - 1
        joins_right = at < len(self.starts) and self.starts[at] == last + 1
        if joins_left and joins_right:
            self.ends[at - 1] = self.ends.pop(at)
            del self.starts[at]
        elif joins_left:
            self.ends[at - 1] = last
        elif joins_right:
            self.starts[at] = first
        else:
            self.starts.insert(at, first)
            self.ends.insert(at, last)
        return True

    def has_all(self, first: int, last: int) -> bool:
        """Whether every number from `first` to `last` was seen."""
        at = bisect_right(self.starts, first)
        return at > 0 and last <= self.ends[at - 1]

    def meets(self, other: Sequence) -> bool:
        """Whether a number was seen by both."""
        return any(
            (at := bisect_right(self.starts, last)) and first <= self.ends[at - 1]
            for first, last in zip(other.starts, other.ends, strict=True)
        )

    def copy(self) -> Sequence:
        """One that goes on from here by itself."""
        return Sequence(self.starts.copy(), self.ends.copy())

    def gaps(self, writer: str) -> list[Gap]:
        """The holes between what was seen; what is missing before the first number may have expired."""
        pairs = zip(self.ends, self.starts[1:], strict=False)
        return [Gap(writer, end + 1, start - 1) for end, start in pairs]
