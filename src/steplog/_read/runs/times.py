"""From a line's `ts` to a point in time."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(ts: object) -> datetime | None:
    """The UTC time that a `ts` says; None if it says none."""
    if not isinstance(ts, str):
        return None
    try:
        found = datetime.fromisoformat(ts)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def ms_between(first: object, last: object) -> float | None:
    """Milliseconds from one `ts` to another; None where either says no time."""
    start, end = moment(first), moment(last)
    return None if start is None or end is None else round((end - start).total_seconds() * 1000, 3)
