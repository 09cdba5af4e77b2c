"""Logged text for people's eyes: whatever could steer a terminal or mislead a reader is shown, not sent."""

from __future__ import annotations

import json
import re
from typing import Any, Final
from unicodedata import combining, east_asian_width

# C0, DEL, C1; invisible spaces and direction marks (the joiners of emoji and Persian stay); line separators; bidi overrides and isolates; BOM; surrogates; tags.
_HIDDEN: Final = (
    "\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_UNSAFE: Final = re.compile(f"[{_HIDDEN}]")
_UNSAFE_BUT_BREAKS: Final = re.compile(f"(?![\n\t])[{_HIDDEN}]")
# json.dumps escapes what is below U+0020; a terminal also acts on these. In JSON they can only stand inside strings.
_RAW: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_ESCAPES: Final = (("x", 2), ("u", 4), ("U", 8))
_SPACES: Final = re.compile(r"[ \t\n\r\f\v\x85\u2028\u2029]+")
_CHARS_PER_CELL: Final = 8  # how much of a text is looked at to fill a line: runs of spaces fold


def shown(char: str) -> str:
    r"""One character as an escape that can be seen: `\x1b`, `\u202e`, `\U000e0041`."""
    letter, digits = next(form for form in _ESCAPES if ord(char) < 16 ** form[1])
    return f"\\{letter}{ord(char):0{digits}x}"


def as_json(value: Any, *, indent: int | None = None) -> str:
    """The value as JSON text in which every control character is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def visible(text: str, *, keep_breaks: bool = False) -> str:
    """The text with nothing in it that a terminal would act on; newlines and tabs stay if `keep_breaks`."""
    pattern = _UNSAFE_BUT_BREAKS if keep_breaks else _UNSAFE
    return pattern.sub(lambda found: shown(found[0]), text)


def one_line(text: str, cells: int) -> str:
    """The text on one line of at most `cells` terminal columns: white space folded, the rest cut off with `…`."""
    if len(text) <= cells and text.isascii() and text.isprintable() and text == " ".join(text.split()):
        return text  # as most are
    look = max(cells, 1) * _CHARS_PER_CELL
    folded = _SPACES.sub(" ", text[:look]).strip(" ")
    pieces: list[str] = []
    used = cut_at = room_at_cut = 0
    for char in folded:
        piece = shown(char) if _UNSAFE.match(char) else char
        width = len(piece) if piece != char else cells_of(char)
        if used + width > cells:
            return "".join(pieces[:cut_at]) + "…" if cells > 0 else ""
        pieces.append(piece)
        used += width
        if used < cells:
            cut_at, room_at_cut = len(pieces), used
    if len(text) > look:
        return "".join(pieces[:cut_at] if room_at_cut < used else pieces) + "…"
    return "".join(pieces)


def cells_of(text: str) -> int:
    """How many terminal columns the (visible) text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 1 + (east_asian_width(char) in "WF") for char in text)


def padded(text: str, cells: int, *, right: bool = False) -> str:
    """The (visible) text with spaces up to `cells` columns, before it if `right`."""
    spaces = " " * max(0, cells - cells_of(text))
    return spaces + text if right else text + spaces
