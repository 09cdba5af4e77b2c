"""The settings as keyword arguments, for type checkers: what `Recorder`, `activate` and handlers take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypedDict

from steplog._format.record import Content, Detail


class SettingsFields(TypedDict, total=False):
    """The fields of `steplog.Settings` but `path`; its docstring says what each means."""

    content: Content
    detail: Detail
    redact: bool
    redact_values: tuple[str, ...]
    redactor: Callable[[str], str] | None
    max_value_bytes: int
    max_line_bytes: int
    max_depth: int
    max_items: int
    max_pending_bytes: int
    fsync: float | Literal["never", "always"]
    rotate_bytes: int
    rotate_hours: float
    keep_days: float
    keep_bytes: int
    compress: bool
    chain: bool
    chain_key: str
