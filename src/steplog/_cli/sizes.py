"""Sizes as people write them: 500M, 2G, 64k."""

from __future__ import annotations

import re
from typing import Any, Final

import click

from steplog._show.units import size as size_text

__all__ = ["Size", "size_text"]

_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)


class Size(click.ParamType["int"]):
    """A number of bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes, with a unit of 1024 or none."""
        found = _SIZE.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no size: 500M, 2G", param, ctx)
        return int(float(found[1]) * _UNITS[found[2].lower()])
