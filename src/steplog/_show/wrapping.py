"""Lines that are longer than a terminal is wide, in several: broken where the words are, so that the terminal breaks none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._show.terminal_text import cells_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steplog._show.look import Look


def in_lines(parts: Iterable[str], gap: str, look: Look) -> Iterator[str]:
    """The parts with `gap` between them, in as many lines as they need; in one where lines may be longer.

    A part that is longer than a line stands on one of its own.
    """
    line = ""
    for part in parts:
        if line and not look.is_wide and cells_of(line + gap + part + gap.rstrip()) > look.columns:
            yield line + gap.rstrip()
            line = f"  {part}"
        else:
            line = line + gap + part if line else part
    if line:
        yield line


def prose(text: str, look: Look) -> Iterator[str]:
    """A sentence in as many lines as it needs."""
    return in_lines(text.split(" "), " ", look)
