"""Points in time as people write them: `2h` (ago), `yesterday`, `2026-11-23`, `2026-11-23T03:12`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS: Final = {"today": 0, "yesterday": 1}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def moment_meant(text: str, now: datetime | None = None) -> datetime:
    """The point in time meant, in UTC; a time without a zone is UTC.

    `today` and `yesterday` begin at midnight, in UTC as all times are shown. `now` is what spans such as `2h` count back from. Raises: ValueError, with a sentence, if the text is no time.
    """
    span, today = _SPAN.fullmatch(text.strip()), now or datetime.now(UTC)
    if text.strip().lower() in _DAYS:
        midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=_DAYS[text.strip().lower()])
    try:
        if span is not None:
            return today - timedelta(**{_UNITS[span[2]]: float(span[1])})
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time: write 30m, 2h, 3d, yesterday, or 2026-11-23T03:12") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
