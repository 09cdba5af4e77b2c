"""Times, durations and counts, as people write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_THOUSAND: Final = 1_000
_MINUTE: Final = 60_000
_HOUR: Final = 3_600_000
_EXACT_MS: Final = 10  # below it, tenths are shown
_EXACT_TOKENS: Final = 10_000
_MILLION: Final = 1_000_000


class Moment(click.ParamType[datetime]):
    """A point in time on the command line: `2h` (ago), `2026-11-23`, `2026-11-23T03:12`; UTC unless it says else."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time meant, in UTC."""
        if isinstance(value, datetime):
            return value
        span = _SPAN.fullmatch(str(value))
        try:
            if span is not None:
                return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: float(span[1])})
            found = datetime.fromisoformat(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time: write 30m, 2h, 3d, or 2026-11-23T03:12", param, ctx)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def duration(ms: float | None) -> str:
    """Milliseconds as people say them: `812 ms`, `2.4 s`, `3m 05s`, `2h 07m`; empty for None."""
    if ms is None:
        return ""
    if ms < _THOUSAND:
        return f"{ms:.0f} ms" if ms >= _EXACT_MS or ms == int(ms) else f"{ms:.1f} ms"
    if ms < _MINUTE:
        return f"{ms / _THOUSAND:.1f} s"
    if ms < _HOUR:
        return f"{ms // _MINUTE:.0f}m {ms % _MINUTE // _THOUSAND:02.0f}s"
    return f"{ms // _HOUR:.0f}h {ms % _HOUR // _MINUTE:02.0f}m"


def clock(when: datetime | None) -> str:
    """`2026-11-23 03:12:59Z`; `?` if the time is unknown."""
    return when.strftime("%Y-%m-%d %H:%M:%SZ") if when is not None else "?"


def amount(tokens: object) -> str:
    """A count of tokens: exact below 10,000, then `12.3k`, `1.2M`."""
    if not isinstance(tokens, int):
        return ""
    if tokens < _EXACT_TOKENS:
        return str(tokens)
    return f"{tokens / _THOUSAND:.1f}k" if tokens < _MILLION else f"{tokens / _MILLION:.1f}M"
