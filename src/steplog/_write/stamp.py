"""Time stamps of lines: one wall-clock anchor, then the monotonic clock, formatted without calls that can be patched."""

from __future__ import annotations

import time
from typing import Final

# In a tuple, where test tools that freeze the clock do not find them: they replace module attributes.
_CLOCKS: Final = (time.time_ns, time.monotonic_ns)
_NS: Final = 1_000_000_000
_DAY: Final = 86_400


def now_ns() -> int:
    """The monotonic clock, in ns."""
    return _CLOCKS[1]()


class Stamp:
    """Formats readings of `now_ns` as RFC 3339 in UTC with microseconds; never runs backwards."""

    __slots__ = ("_last", "_offset", "_prefix", "_second")

    def __init__(self) -> None:
        """Anchor the monotonic clock to the wall clock as it is now."""
        self._offset = _CLOCKS[0]() - _CLOCKS[1]()
        self._last = 0
        self._second = -1
        self._prefix = ""

    def __call__(self, at_ns: int) -> str:
        """The stamp of a moment; not earlier than the one given out before."""
        at_ns = max(at_ns, self._last)
        self._last = at_ns
        second, ns = divmod(at_ns + self._offset, _NS)
        if second != self._second:
            self._prefix = _to_the_second(second)
            self._second = second
        return f"{self._prefix}.{ns // 1000:06d}Z"


def _to_the_second(second: int) -> str:
    days, rest = divmod(second, _DAY)
    # Days to a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms").
    days += 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    year += era * 400 + (month <= 2)
    return f"{year:04d}-{month:02d}-{day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
