"""What the place can show in which a run is drawn: how wide it is, which characters it has, how colours are put on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

BRANCHES: Final = ("├─ ", "└─ ", "│  ", "   ", " → ")
ASCII: Final = ("|- ", "`- ", "|  ", "   ", " -> ")
COLOURS: Final = {
    "error": "red", "crashed": "red", "running": "cyan", "interrupted": "yellow", "cancelled": "yellow",
    "abandoned": "yellow", "unfinished": "yellow", "ok": "green",
}  # fmt: skip
_WIDE: Final = 100


class Look(NamedTuple):
    """The width of a line in columns, what branches are drawn with, and how a colour is put on a text.

    has_bars: whether each step is drawn on the time axis of its run, too: for the eye, not for who reads on.
    """

    columns: int
    marks: tuple[str, str, str, str, str]
    paint: Callable[[str, str | None], str]
    has_bars: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether words need not be spared."""
        return self.columns >= _WIDE

    @property
    def is_ascii(self) -> bool:
        """Whether only ASCII can be shown."""
        return self.marks == ASCII


def _unpainted(text: str, colour: str | None) -> str:
    del colour
    return text


PLAIN: Final = Look(140, BRANCHES, _unpainted)
