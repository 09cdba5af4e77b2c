"""What standard output can show: its width, its characters, colours only where they are wanted."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from steplog._cli.progress import over
from steplog._show.look import ASCII, BRANCHES, Look

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PIPED_COLUMNS: Final = 140


def say(text: str) -> None:
    """One line of the answer on standard output (visible text already)."""
    over()
    click.echo(text)


@contextmanager
def paged(*, wanted: bool) -> Generator[Callable[[str], None]]:
    """What takes the lines of an answer: on a terminal that has not enough lines for them they go through a pager.

    Not if none is `wanted`. Without $PAGER it is `less`, which lets colours through and shows what fits without asking.
    """
    if not (wanted and is_terminal() and sys.stdin.isatty()):
        yield say
        return
    lines: list[str] = []
    yield lines.append
    over()
    if len(lines) < shutil.get_terminal_size((80, 24)).lines:
        click.echo("\n".join(lines))
        return
    os.environ.setdefault("LESS", "FRX")
    click.echo_via_pager("\n".join(lines) + "\n")


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
