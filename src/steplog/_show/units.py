"""Times, durations and counts, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

_THOUSAND: Final = 1_000
_MINUTE: Final = 60_000
_HOUR: Final = 3_600_000
_EXACT_MS: Final = 10  # below it, tenths are shown
_EXACT_TOKENS: Final = 10_000
_MILLION: Final = 1_000_000
_CENT: Final = 0.01
_TINY: Final = 1e-6
_KILO: Final = 1024


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


def dollars(cost: object) -> str:
    """US dollars: `$12.30`, `$0.0042`, at least two digits that say something; `-` where there is no price."""
    if cost is None:
        return "-"
    value = float(str(cost))
    if value and value < _CENT:
        return f"${value:.2g}" if value >= _TINY else "<$0.000001"
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.3f}"


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


def size(count: float) -> str:
    """A number of bytes as people say it: `312 B`, `7.7 kB`, `1.2 MB`, in units of 1024."""
    for unit in ("B", "kB", "MB"):
        if count < _KILO:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KILO
    return f"{count:.1f} GB"
