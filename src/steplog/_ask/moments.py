"""Points in time as people write them: `2h` (ago), `2026-11-23`, `2026-11-23T03:12`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def moment_meant(text: str, now: datetime | None = None) -> datetime:
    """The point in time meant, in UTC; a time without a zone is UTC.

    `now` is what spans such as `2h` count back from. Raises: ValueError, with a sentence, if the text is no time.
    """
    span = _SPAN.fullmatch(text.strip())
    try:
        if span is not None:
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[span[2]]: float(span[1])})
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time: write 30m, 2h, 3d, or 2026-11-23T03:12") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
