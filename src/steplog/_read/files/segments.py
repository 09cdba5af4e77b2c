"""Which files a log consists of, in the order of their beginnings."""

from __future__ import annotations

import os
import stat
from itertools import islice
from pathlib import Path
from typing import Final

from steplog._format.project import DEFAULT_PATH, path_and_source
from steplog._format.segment_name import PACKED, PLAIN, parse
from steplog._format.shipped import DAY, HOST, is_url
from steplog._notes.place import is_notes_file
from steplog._read.errors import LogError, NotALog
from steplog._read.files.lines import Line, read_lines
from steplog._read.files.standing import plain_name, stat_standing

_SNIFFED_LINES: Final = 3
_LOOKS_AT_NOTHING: Final = 3


def log_path(path: str | os.PathLike[str] | None) -> Path:
    """The path meant: the one given, else where a program started here would log: `steplog config` says why there.

    A log in a store, by its URL or as a folder of shipped segments, is fetched first. Raises: as `fetched`.
    """
    where = None if is_url(path) else local_path(path)
    if where is not None and not _is_store(where):
        return where
    from steplog._read.files.fetched import fetched  # noqa: PLC0415 -- most logs are local, and pay nothing for it

    return fetched(str(path) if where is None else f"file://{where.absolute()}")


def local_path(path: str | os.PathLike[str] | None) -> Path:
    """The same where segments are written, packed or deleted. Raises: LogError for a URL: a store is only read."""
    if is_url(path):
        raise LogError(f"{path} is a store, and a store is only read: give the directory of a log")
    return Path(path if path is not None else path_and_source(os.environ)[0]).expanduser()


def _is_store(path: Path) -> bool:
    """Whether segments lie there as `steplog ship` lays them out."""
    try:
        with os.scandir(path) as entries:
            return any(entry.name.startswith((DAY, HOST)) and entry.is_dir() for entry in entries)
    except (OSError, ValueError):
        return False


def segments(path: Path) -> tuple[Path, ...]:
    """The files of the log at `path`, oldest first: the file itself, or a directory's segments (no subdirectories).

    Files with a segment's name count, and other `.jsonl` files that begin like a log; the rest of a directory is
    somebody else's. An empty directory is a log without runs.

    Raises: NotALog if nothing is there, or a directory holds only other files; LogError if it may not be read.
    """
    try:
        if not path.is_dir():
            path.stat()
            return (path,)
        names = _names(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NotALog(
            f"there is no log at {path}: give the path of a log, or set STEPLOG_PATH (default ./{DEFAULT_PATH})"
        ) from None
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror}") from None
    found = [name for name in names if _is_segment(path, name, names)]
    if not found and (
        others := [name for name in names if not (name.startswith(".") or is_notes_file(name))]
    ):
        raise NotALog(
            f"{path} is no log: none of the {len(others)} entries in it is a steplog segment (*.jsonl)"
        )
    return tuple(path / name for name in sorted(found, key=_age))


def _names(path: Path) -> dict[str, bool]:
    """The names in a directory, and whether each is a file's; also of files that are renamed at this moment.

    A listing takes time, and may miss a file that gets its other name meanwhile: whichever of two listings misses it,
    the other has it. What only one of them has is looked for by its name. Where both have nothing at all, which a log's
    directory seldom has, more are made.
    """
    first, second = _listed(path), _listed(path)
    for _ in range(_LOOKS_AT_NOTHING):
        first = first or _listed(path)
    return first | second if first.keys() == second.keys() else _agreed(path, first, second)


def _listed(path: Path) -> dict[str, bool]:
    with os.scandir(path) as entries:
        return {entry.name: entry.is_file() for entry in entries}


def _agreed(path: Path, first: dict[str, bool], second: dict[str, bool]) -> dict[str, bool]:
    """What stands of either listing; a segment that stood in one form a moment ago counts in the form it has now."""
    agreed = {name: is_file for name, is_file in first.items() if name in second}
    for name in first.keys() ^ second.keys():
        try:
            form, state = stat_standing(path / name)
        except OSError:
            continue
        agreed[form.name] = stat.S_ISREG(state.st_mode)
    return agreed


def _is_segment(folder: Path, name: str, beside: dict[str, bool]) -> bool:
    """Whether a name in a directory is that of one of the log's files."""
    if not beside[name]:
        return False
    if name.endswith(PACKED):
        # Packing deletes the plain file last: while both stand, the plain one is the truth.
        return parse(name) is not None and plain_name(name) not in beside
    return (
        name.endswith(PLAIN)
        and not is_notes_file(name)
        and (parse(name) is not None or _begins_like_a_log(folder / name))
    )


def _begins_like_a_log(file: Path) -> bool:
    try:
        return any(isinstance(found, Line) for found in islice(read_lines(file), _SNIFFED_LINES))
    except OSError:
        return False


def _age(name: str) -> tuple[str, int]:
    found = parse(name)
    return (found.stem, found.part) if found is not None else (name.split(".", maxsplit=1)[0], 1)
