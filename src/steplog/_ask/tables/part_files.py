"""A log as one file of rows for each of its segments: those that are kept, and those that are made now."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._ask.tables.columns import USUAL_LINE, literal
from steplog._ask.tables.kept_parts import WORTH_KEEPING, KeptParts
from steplog._ask.tables.odd_files import good_lines, is_cut, torn_end
from steplog._ask.tables.parts import is_even, loose_in, parts_of, ranges_in, summary_of
from steplog._format.segment_name import writer_in_name
from steplog._read.files.lines import MAX_LINE
from steplog._read.files.sequence import Sequence
from steplog._read.files.standing import stat_standing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from steplog._ask.tables.loading import Connection, Loaded

_COPY: Final = "FORMAT parquet, COMPRESSION lz4, DICTIONARY_SIZE_LIMIT 1000, PARQUET_VERSION V2"


_FEW: Final = 16
_AS_DEAR_AS: Final = 4 << 20  # bytes of lines cost as much as a file by itself


class Uneven(Exception):  # noqa: N818 - nothing went wrong: the log has to be read in the other way
    """Lines of a log cannot be put into rows file by file: some are repeated, or an id is used twice, or writers share a file."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a segment beside its rows: whose it is, the ranges of its lines' numbers, how often a writer opened it,
    whether its last line closes the log, and the runs that do not both begin and end in it.
    """

    writer: str
    ranges: tuple[tuple[int, int], ...]
    openings: int
    closes: bool
    loose: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one segment: the `file`, where its `rows` are, and what is known of it."""

    file: Path
    rows: Path
    facts: Facts


def parts_in(con: Connection, files: Iterable[Path], folder: Path, loaded: Loaded) -> list[Part]:
    """The rows of these files, as files in `folder`, in order; what cannot be read goes to `loaded`.

    Raises: Uneven.
    """
    files = list(files)
    if _are_many_and_small(files):
        raise Uneven
    kept, parts, has_new = KeptParts(), list[Part](), False
    seen: dict[str, Sequence] = {}
    for at, file in enumerate(files):
        rows, key = folder / f"{at}.parquet", kept.key(file)
        facts = _known(kept.get(key, rows))
        if facts is None:
            facts, is_whole = _made(con, file, rows, folder, loaded)
            # Only of what is whole, and was the same all the time.
            if is_whole and key and kept.key(file) == key:
                kept.put(key, rows, asdict(facts))
                has_new = True
        _see(facts, seen)
        parts.append(Part(file, rows, facts))
    if has_new:
        kept.make_room()
    gaps = (gap for writer, numbers in seen.items() for gap in numbers.gaps(writer))
    loaded.missing = sum(gap.last - gap.first + 1 for gap in gaps)
    return parts


def _are_many_and_small(files: list[Path]) -> bool:
    """Whether it takes less to read all lines at once than to make rows of each file, of which each takes a while by itself."""
    try:
        sizes = [stat_standing(file)[1].st_size for file in files]
    except OSError:
        return False  # reading it will say what the matter is
    small = sum(size < WORTH_KEEPING for size in sizes)
    return small > _FEW and small * _AS_DEAR_AS > sum(sizes)


def _known(kept: dict[str, Any] | None) -> Facts | None:
    """The facts that were kept."""
    if kept is None:
        return None
    try:
        ranges = tuple((int(low), int(high)) for low, high in kept["ranges"])
        return Facts(kept["writer"], ranges, kept["openings"], kept["closes"], tuple(kept["loose"]))
    except (KeyError, TypeError, ValueError):
        return None


def _made(con: Connection, file: Path, rows: Path, folder: Path, loaded: Loaded) -> tuple[Facts, bool]:
    """Puts the rows of a file there, and gives what is known of it, and whether it is whole. Raises: Uneven."""
    cut = file.suffix == ".zst" and is_cut(file)
    if cut:
        loaded.cut.append(file)
    source, is_copy = (_good_copy(file, folder, loaded), True) if cut else (file, False)
    summary = _written(con, source, rows)
    if summary["bad"] > 1 or (summary["bad"] and (is_copy or not torn_end(file))):
        if is_copy:
            raise Uneven
        source, is_copy = _good_copy(file, folder, loaded), True
        summary = _written(con, source, rows)
        if summary["bad"]:
            raise Uneven
    writer = _writer_of(file, summary)
    ranges = _ranges(con, summary, literal(str(rows))) if writer else []
    loose = con.execute(loose_in(literal(str(rows)))).fetchall()
    if any(is_twice for _, is_twice in loose):
        raise Uneven
    known = Facts(
        writer, tuple(ranges), summary["openings"], bool(summary["closes"]), tuple(run for run, _ in loose)
    )
    return known, not is_copy


def _written(con: Connection, source: Path, rows: Path) -> dict[str, Any]:
    """Writes the rows of a file, and gives the summary of it. Raises: Uneven where its lines are not all in them, once."""
    # The extra, which is there if there is a connection.
    from duckdb import InvalidInputException, OutOfMemoryException  # noqa: PLC0415

    where = literal(str(rows))
    for is_superseded in (False, True):
        for most in (USUAL_LINE, MAX_LINE):
            try:
                con.execute(
                    f"COPY ({parts_of(source, most, is_superseded=is_superseded)}) TO {where} ({_COPY})"
                )
                break
            except (InvalidInputException, OutOfMemoryException):
                if most == MAX_LINE:
                    raise Uneven from None
        value, lines, repeated = con.execute(summary_of(where)).fetchone()
        summary: dict[str, Any] = orjson.loads(value)
        if lines == summary["lines"] and not repeated:
            return summary
    raise Uneven


def _good_copy(file: Path, folder: Path, loaded: Loaded) -> Path:
    target = folder / f"copy-{len(list(folder.iterdir()))}.jsonl"
    with target.open("wb") as stream:
        stream.writelines(good_lines(file, loaded.bad))
    return target


def _writer_of(file: Path, summary: dict[str, Any]) -> str:
    """Whose lines all of a file's are. Raises: Uneven if they are of several."""
    named = {summary["w"], summary["other_w"]} - {None}
    if len(named) > 1:
        raise Uneven
    return named.pop() if named else writer_in_name(file)


def _ranges(con: Connection, summary: dict[str, Any], rows: str) -> list[tuple[int, int]]:
    """The numbers of a file's lines. Raises: Uneven if one of them stands there twice."""
    low, high, count = summary["low"], summary["high"], summary["lines"] + summary["superseded"]
    if not count:
        return []
    if high - low + 1 == count and con.execute(is_even(low, high)).fetchone()[0] == summary["mixed"]:
        return [(low, high)]
    found = con.execute(ranges_in(rows)).fetchall()
    if summary["superseded"] or any(repeated for *_, repeated in found):
        raise Uneven
    return [(first, last) for first, last, _ in found]


def _see(facts: Facts, seen: dict[str, Sequence]) -> None:
    """Takes note of a file's lines. Raises: Uneven if one of them stands in another file, too."""
    numbers = seen.setdefault(facts.writer, Sequence())
    if facts.writer and not all(numbers.add_range(first, last) for first, last in facts.ranges):
        raise Uneven
