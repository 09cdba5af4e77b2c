"""Points in time as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


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
