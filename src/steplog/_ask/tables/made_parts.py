"""Rows made of the lines of files, and what is known of each file beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._ask.tables.columns import USUAL_LINE, literal
from steplog._ask.tables.odd_files import good_lines, is_cut, torn_end
from steplog._ask.tables.parts import are_even, loose_in, parts_of, ranges_in, summary_of
from steplog._format.segment_name import PACKED, writer_in_name
from steplog._read.files.lines import MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from steplog._ask.tables.loading import Connection, Loaded

_COPY: Final = "FORMAT parquet, COMPRESSION lz4, DICTIONARY_SIZE_LIMIT 1000, PARQUET_VERSION V2"
Summary = dict[str, Any]
"""As the row of that name says it."""
_NOTHING: Final[Summary] = {
    "lines": 0, "bad": 0, "superseded": 0, "low": None, "high": None, "mixed": None, "w": None, "other_w": None, "openings": 0,
    "closes": False,
}  # fmt: skip


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


def made(con: Connection, file: Path, rows: Path, folder: Path, loaded: Loaded) -> tuple[Facts, bool]:
    """Puts the rows of a file there, and gives what is known of it, and whether all of it could be read.

    Damage is added to `loaded`; the good lines of a damaged file are copied to `folder`. Raises: Uneven.
    """
    cut = file.name.endswith(PACKED) and is_cut(file)
    if cut:
        loaded.cut.append(file)
    summary = None if cut else _written(con, file, rows)
    is_copy = summary is None or _is_damaged(file, summary)
    if is_copy:
        summary = _written(con, _good_copy(file, folder, loaded), rows)
        if summary["bad"]:
            raise Uneven
    (facts,) = _facts(con, [file], {0: summary or _NOTHING}, rows)
    return facts, not is_copy


def made_together(con: Connection, files: Sequence[Path], rows: Path) -> dict[Path, Facts]:
    """Puts the rows of many small files there, and gives what is known of each. What has anything odd is left out."""
    fit = [file for file in files if not (file.name.endswith(PACKED) and is_cut(file))]
    while fit:
        found = _write(con, fit, rows)
        if found is None:
            return {}
        summaries = {source: summary for source, (summary, _) in found.items()}
        good = [
            file
            for source, file in enumerate(fit)
            if source not in found or (found[source][1] and not _is_damaged(file, summaries[source]))
        ]
        if good == fit:
            return dict(zip(fit, _facts(con, fit, summaries, rows), strict=True))
        fit = good
    return {}


def _is_damaged(file: Path, summary: Summary) -> bool:
    return summary["bad"] > 1 or (summary["bad"] == 1 and not torn_end(file))


def _written(con: Connection, file: Path, rows: Path) -> Summary:
    """Writes the rows of a file, and gives the summary of it. Raises: Uneven where its lines are not all in them, once."""
    for is_superseded in (False, True):
        found = _write(con, [file], rows, is_superseded=is_superseded)
        if found is None:
            break
        summary, is_even = found.get(0, (_NOTHING, True))
        if is_even:
            return summary
    raise Uneven


def _write(
    con: Connection, files: Sequence[Path], rows: Path, *, is_superseded: bool = False
) -> dict[int, tuple[Summary, bool]] | None:
    """Writes the rows of files; the summary of each that has lines, and whether its lines are all in its rows, once.

    None where DuckDB cannot read them: a line is longer than any may be.
    """
    # The extra, which is there if there is a connection.
    from duckdb import InvalidInputException, OutOfMemoryException  # noqa: PLC0415

    where = literal(str(rows))
    for most in (USUAL_LINE, MAX_LINE):
        try:
            selected = parts_of(files, most, is_superseded=is_superseded)
            con.execute(f"COPY ({selected}) TO {where} ({_COPY})")
        except (InvalidInputException, OutOfMemoryException):
            continue
        told: dict[int, tuple[Summary, bool]] = {}
        for source, value, lines, repeated in con.execute(summary_of(where)).fetchall():
            summary: Summary = orjson.loads(value)
            told[source] = (summary, lines == summary["lines"] and not repeated)
        return told
    return None


def _good_copy(file: Path, folder: Path, loaded: Loaded) -> Path:
    target = folder / f"copy-{len(list(folder.iterdir()))}.jsonl"
    with target.open("wb") as stream:
        stream.writelines(good_lines(file, loaded.bad))
    return target


def _facts(con: Connection, files: Sequence[Path], summaries: dict[int, Summary], rows: Path) -> list[Facts]:
    """What is known of files whose rows were written. Raises: Uneven."""
    where = literal(str(rows))
    loose: dict[int, list[str]] = {}
    for source, run, is_twice in con.execute(loose_in(where)).fetchall():
        if is_twice:
            raise Uneven
        loose.setdefault(source, []).append(run)
    ranges = _ranges(con, summaries, where)
    facts: list[Facts] = []
    for source, file in enumerate(files):
        summary = summaries.get(source, _NOTHING)
        writer = _writer_of(file, summary)
        facts.append(
            Facts(
                writer,
                ranges.get(source, ()) if writer else (),
                summary["openings"],
                bool(summary["closes"]),
                tuple(loose.get(source, ())),
            )
        )
    return facts


def _writer_of(file: Path, summary: Summary) -> str:
    """Whose lines all of a file's are. Raises: Uneven if they are of several."""
    named = {summary["w"], summary["other_w"]} - {None}
    if len(named) > 1:
        raise Uneven
    return named.pop() if named else writer_in_name(file)


def _ranges(
    con: Connection, summaries: dict[int, Summary], rows: str
) -> dict[int, tuple[tuple[int, int], ...]]:
    """The numbers of the files' lines. Raises: Uneven if one of them stands in a file twice."""
    dense = {
        source: summary
        for source, summary in summaries.items()
        if summary["lines"]
        and summary["high"] - summary["low"] + 1 == summary["lines"] + summary["superseded"]
    }
    lists = [list(dense), [each["low"] for each in dense.values()], [each["high"] for each in dense.values()]]
    mixed: dict[int, str] = dict(con.execute(are_even(), lists).fetchall()) if dense else {}
    ranges: dict[int, tuple[tuple[int, int], ...]] = {}
    for source, summary in summaries.items():
        if source in dense and mixed[source] == summary["mixed"]:
            ranges[source] = ((summary["low"], summary["high"]),)
            continue
        found = con.execute(ranges_in(rows, source)).fetchall()
        if summary["superseded"] or any(repeated for *_, repeated in found):
            raise Uneven
        ranges[source] = tuple((first, last) for first, last, _ in found)
    return ranges
