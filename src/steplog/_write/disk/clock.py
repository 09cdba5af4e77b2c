"""Time stamps of lines: the monotonic clock set to the wall clock, formatted without calls that can be patched."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType
from typing import Final

_NS: Final = 1_000_000_000
_DAY: Final = 86_400
_LATEST: Final = 253_402_300_799  # the end of the year 9999, the last one with four digits
_APART_NS: Final = 100_000_000


def _clock(name: str, otherwise: Callable[[], int]) -> Callable[[], int]:
    # clock_gettime is what test tools that freeze the clock leave alone, also when we are imported while it is frozen.
    gettime = getattr(time, "clock_gettime_ns", None)
    return otherwise if gettime is None else partial(gettime, getattr(time, name))


def _monotonic() -> Callable[[], int]:
    # On Linux perf_counter_ns reads the same clock for two thirds of the price. Such tools leave it alone as well (unlike
    # monotonic_ns, which some change from inside), or put a function of their own in its place.
    is_same = time.get_clock_info("perf_counter").implementation == "clock_gettime(CLOCK_MONOTONIC)"
    if is_same and type(time.perf_counter_ns) is BuiltinFunctionType:
        return time.perf_counter_ns
    return _clock("CLOCK_MONOTONIC", time.monotonic_ns)


# In a tuple, where such tools do not find them: they replace module attributes.
_CLOCKS: Final = (_clock("CLOCK_REALTIME", time.time_ns), _monotonic())

CLOCK: Final = _CLOCKS[1:]


def now_ns() -> int:
    """The monotonic clock, in ns."""
    return _CLOCKS[1]()


def ms_since(began_ns: int, now: int | None = None) -> float:
    """The time from one reading of `now_ns` to another, or to this moment, in ms to the microsecond."""
    # Whole microseconds over a thousand: a tenth of what rounding a float costs.
    return ((now_ns() if now is None else now) - began_ns) // 1000 / 1000


class WallClock:
    """The monotonic clock set to the wall clock: what turns readings of `now_ns` into times that lines are stamped with."""

    __slots__ = ("offset",)

    def __init__(self) -> None:
        """Set it to the wall clock as it is now."""
        self.offset = _CLOCKS[0]() - _CLOCKS[1]()  # from a reading of `now_ns` to ns since 1970

    def follow(self) -> None:
        """Go by the wall clock again where the two have parted: the machine slept, or its clock was set."""
        offset = _CLOCKS[0]() - _CLOCKS[1]()
        if abs(offset - self.offset) > _APART_NS:
            self.offset = offset


def stamp(wall_ns: int) -> str:
    """A time in ns since 1970 as RFC 3339, in UTC, with microseconds."""
    return f"{to_the_second(wall_ns // _NS)}{wall_ns // 1000 % 1_000_000:06d}Z"


def to_the_second(second: int) -> str:
    """A second since 1970 as RFC 3339, up to the dot before its fraction; beyond four digits of a year the last one."""
    days, rest = divmod(min(max(second, 0), _LATEST), _DAY)
    # Days to a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms").
    days += 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    year += era * 400 + (month <= 2)
    return f"{year:04d}-{month:02d}-{day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}."
