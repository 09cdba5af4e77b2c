"""What a format has no place for: counted by name while runs are exported, so that nothing is left out in silence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Untold:
    """Counts of what could not be told to a target, by what it was."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.counts: Counter[str] = Counter()

    def add(self, what: str, count: int = 1) -> None:
        """Something more of this kind was left out; `what` in the plural: "retries", "checkpoints of nodes"."""
        if count:
            self.counts[what] += count

    def sentences(self) -> Iterator[str]:
        """One line for each kind, the most frequent first."""
        for what, count in self.counts.most_common():
            yield f"not told: {count} {what}"
