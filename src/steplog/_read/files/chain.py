"""Whether the lines of a chained log are those that were written, each in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steplog._format.chain import sealed, unsealed

if TYPE_CHECKING:
    from steplog._format.record import Record


@dataclass(slots=True)
class Chains:
    """Follows the chains of all writers while their lines go by; `problems` are sentences without a place."""

    key: bytes
    checked: int = 0
    unchained: int = 0
    _marks: dict[str, str] = field(default_factory=dict[str, str])
    _numbers: dict[str, int] = field(default_factory=dict[str, int])

    def check(self, writer: str, line: bytes, record: Record) -> str:
        """What is wrong with a whole line (without line ends) that comes now; empty if it fits."""
        found = unsealed(line)
        if found is None:
            self.unchained += 1
            return "it is not chained, others of its writer are" if writer in self._marks else ""
        self.checked += 1
        plain, mark = found
        before, number = self._marks.get(writer), record.get("seq")
        last = self._numbers.get(writer, 0)
        self._marks[writer] = mark
        self._numbers[writer] = number if isinstance(number, int) else last
        if before is None and number != 1:
            return ""  # what came before has expired: the chain begins here
        if sealed(plain, before or "", self.key)[1] == mark:
            return ""
        if isinstance(number, int) and number <= last:
            return f"it does not fit: line {number} comes after line {last}"
        if isinstance(number, int) and number > last + 1:
            return f"it does not fit: lines {last + 1} to {number - 1} before it are gone"
        return "it does not fit: it, or the line before it, was changed"
