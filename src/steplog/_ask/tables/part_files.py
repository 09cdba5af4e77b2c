"""A log as files of rows: one for each of its segments, kept or made now, and one for many small segments together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.tables.kept_parts import WORTH_KEEPING, KeptParts
from steplog._ask.tables.made_parts import Facts, Uneven, made, made_together
from steplog._read.files.sequence import Sequence
from steplog._read.files.standing import stat_standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as ListOf
    from pathlib import Path

    from steplog._ask.tables.loading import Connection, Loaded

_FEW: Final = 4  # small files, which are not worth being read together
_TOGETHER: Final = 400  # files: their names stand in one statement


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one segment: the `file`, in which file its `rows` are and by which number, and what is known of it."""

    file: Path
    rows: Path
    source: int
    facts: Facts


def parts_in(con: Connection, files: ListOf[Path], folder: Path, loaded: Loaded) -> list[Part]:
    """The rows of these files, as files in `folder`, in order; what cannot be read goes to `loaded`.

    Raises: Uneven.
    """
    together = {part.file: part for part in _together(con, files, folder)}
    kept, parts, has_new = KeptParts(), list[Part](), False
    seen: dict[str, Sequence] = {}
    for at, file in enumerate(files):
        part = together.get(file)
        if part is None:
            rows, key = folder / f"{at}.parquet", kept.key(file)
            facts = _known(kept.get(key, rows))
            if facts is None:
                facts, is_whole = made(con, file, rows, folder, loaded)
                # Only of what is whole, and was the same all the time.
                if is_whole and key and kept.key(file) == key:
                    kept.put(key, rows, asdict(facts))
                    has_new = True
            part = Part(file, rows, 0, facts)
        _see(part.facts, seen)
        parts.append(part)
    if has_new:
        kept.make_room()
    gaps = (gap for writer, numbers in seen.items() for gap in numbers.gaps(writer))
    loaded.missing = sum(gap.last - gap.first + 1 for gap in gaps)
    return parts


def _together(con: Connection, files: ListOf[Path], folder: Path) -> Iterator[Part]:
    """The parts of small files, of which each by itself would take as long as a thousand times its lines."""
    small = [file for file in files if _is_small(file)]
    if len(small) <= _FEW:
        return
    for at in range(0, len(small), _TOGETHER):
        rows = folder / f"small-{at}.parquet"
        made_now = made_together(con, small[at : at + _TOGETHER], rows)
        for source, (file, facts) in enumerate(made_now.items()):
            yield Part(file, rows, source, facts)


def _is_small(file: Path) -> bool:
    try:
        return stat_standing(file)[1].st_size < WORTH_KEEPING
    except OSError:
        return False  # reading it will say what the matter is


def _known(kept: dict[str, Any] | None) -> Facts | None:
    """The facts that were kept."""
    if kept is None:
        return None
    try:
        ranges = tuple((int(low), int(high)) for low, high in kept["ranges"])
        return Facts(kept["writer"], ranges, kept["openings"], kept["closes"], tuple(kept["loose"]))
    except (KeyError, TypeError, ValueError):
        return None


def _see(facts: Facts, seen: dict[str, Sequence]) -> None:
    """Takes note of a file's lines. Raises: Uneven if one of them stands in another file, too."""
    numbers = seen.setdefault(facts.writer, Sequence())
    if facts.writer and not all(numbers.add_range(first, last) for first, last in facts.ranges):
        raise Uneven
