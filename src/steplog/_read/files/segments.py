"""Which files a log consists of, in the order of their beginnings."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Final

from steplog._format.project import DEFAULT_PATH, path_and_source
from steplog._format.segment_name import part_in_name, writer_in_name
from steplog._read.errors import LogError, NotALog
from steplog._read.files.lines import Line, read_lines

_SNIFFED_LINES: Final = 3


def log_path(path: str | os.PathLike[str] | None) -> Path:
    """The path meant: the one given, else where a program started here would log: `steplog config` says why there."""
    return Path(path if path is not None else path_and_source(os.environ)[0]).expanduser()


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
        names = {entry.name for entry in path.iterdir()}
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NotALog(
            f"there is no log at {path}: give the path of a log, or set STEPLOG_PATH (default ./{DEFAULT_PATH})"
        ) from None
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror}") from None
    found = [path / name for name in names if _is_segment(path / name, names)]
    if names and not found:
        raise NotALog(
            f"{path} is no log: none of the {len(names)} entries in it is a steplog segment (*.jsonl)"
        )
    return tuple(sorted(found, key=_age))


def _is_segment(file: Path, beside: set[str]) -> bool:
    if file.name.endswith(".jsonl.zst"):
        # Compression deletes the plain file last: while both stand, the plain one is the truth.
        return bool(writer_in_name(file)) and file.name.removesuffix(".zst") not in beside and file.is_file()
    if file.suffix != ".jsonl" or not file.is_file():
        return False
    return bool(writer_in_name(file)) or _begins_like_a_log(file)


def _begins_like_a_log(file: Path) -> bool:
    try:
        return any(isinstance(found, Line) for found in islice(read_lines(file), _SNIFFED_LINES))
    except OSError:
        return False


def _age(file: Path) -> tuple[str, int]:
    stem = file.name.split(".", maxsplit=1)[0]
    return (stem, part_in_name(file))
