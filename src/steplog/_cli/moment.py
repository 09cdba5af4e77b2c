"""A point in time as the value of an option: `2h` (ago), `yesterday`, `2026-11-23`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from steplog._ask.moments import moment_meant


class Moment(click.ParamType[datetime]):
    """A point in time on the command line; UTC unless it says else."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time meant, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return moment_meant(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
