"""A segment in the form in which it stands now: packing puts `X.jsonl.zst` in the place of `X.jsonl` at any time."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from steplog._format.segment_name import PACKED, PLAIN
from steplog._format.zstd import open_segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

_Found = TypeVar("_Found")

_FORMS: Final = (PACKED, PLAIN)
_MOST_CHANGES: Final = 3  # how often a file is packed, or unpacked, while we look: nobody does that


def other_form(file: Path) -> Path | None:
    """The name that a segment's file has when it is packed, if this one is plain, and the other way round."""
    for ending, other in zip(_FORMS, reversed(_FORMS), strict=True):
        if file.name.endswith(ending):
            return file.with_name(file.name.removesuffix(ending) + other)
    return None


def plain_name(name: str) -> str:
    """What a segment is called when it is not packed: its name, whichever form it has."""
    return name.removesuffix(PACKED) + PLAIN if name.endswith(PACKED) else name


def open_standing(file: Path) -> tuple[Path, BinaryIO]:
    """The file, or its other form where only that stands, open for reading its plain text; and which of them it is.

    Raises: FileNotFoundError if it stands in neither form; OSError; ImportError where zstd is needed and missing.
    """
    return _standing(file, open_segment)


def stat_standing(file: Path) -> tuple[Path, os.stat_result]:
    """As `open_standing`, but only looked at.

    Raises: FileNotFoundError if it stands in neither form; OSError.
    """
    return _standing(file, os.stat)


def _standing(file: Path, look: Callable[[Path], _Found]) -> tuple[Path, _Found]:
    try:
        return file, look(file)
    except FileNotFoundError:
        other = other_form(file)
        if other is None:
            raise
    for form in (other, file) * _MOST_CHANGES:
        try:
            return form, look(form)
        except FileNotFoundError:
            continue
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
