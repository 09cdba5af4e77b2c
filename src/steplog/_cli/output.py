"""What leaves for standard output: JSON that is safe to look at, colours only where they are wanted."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from typing import Any, Final

import click

# json.dumps escapes what is below U+0020; a terminal also acts on these. In JSON they can only stand inside strings.
_RAW: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
PIPED_COLUMNS: Final = 140


def as_json(value: Any, *, indent: int | None = None) -> str:
    """The value as JSON text in which every control character is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_terminal() -> bool:
    """Whether a person is looking at standard output."""
    return sys.stdout.isatty()


def columns() -> int:
    """How wide a line may be."""
    return shutil.get_terminal_size((80, 24)).columns if is_terminal() else PIPED_COLUMNS


def painted(text: str, colour: str | None) -> str:
    """The text in a colour, on a terminal, unless NO_COLOR is set."""
    if not colour or not text or not is_terminal() or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=colour)


def speaks_unicode() -> bool:
    """Whether standard output can show the branches of a tree as lines."""
    try:
        "├└│─→…".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
