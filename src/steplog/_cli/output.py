"""What standard output can show: its width, its characters, colours only where they are wanted."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final

import click

from steplog._cli.progress import over
from steplog._show.look import ASCII, BRANCHES, Look

PIPED_COLUMNS: Final = 140


def say(text: str) -> None:
    """One line of the answer on standard output (visible text already)."""
    over()
    click.echo(text)


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


def look() -> Look:
    """How standard output shows a run."""
    plain = Look(columns(), BRANCHES if speaks_unicode() else ASCII, painted)
    return plain._replace(has_bars=is_terminal() and plain.is_wide)
