"""From paths to a log: which files, whether they are one, and a copy of what comes on standard input."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import finalize

from steplog._format.shipped import is_url
from steplog._read.errors import LogError, NotALog
from steplog._read.files.cache import Cache
from steplog._read.files.catalogue import Catalogue
from steplog._read.files.lines import BadLine, read_lines
from steplog._read.files.log_file import Parts, log_file
from steplog._read.files.segments import local_path, log_path, segments
from steplog._read.files.spans import Shelf
from steplog._read.standing_log import Log as Log  # noqa: PLC0414 -- whoever reads a log wants its type

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

_STDIN: Final = "-"
_MOST_TRIED: Final = 10_000  # lines of a file without a good one, after which it is none of ours
_AT_ONCE: Final = 1 << 20


def read(path: str | os.PathLike[str] | None = None, *more: str | os.PathLike[str]) -> Log:
    """The log at `path`: a directory, or one file; without it `$STEPLOG_PATH`, else `./steplogs`; `"-"` is standard input.

    Several paths are read as one log, in which each line counts once: a line is the same if writer and number are.
    Little is read before it is asked for: `log.runs[-1]` reads the ends of files, `log.runs` the beginnings of lines, a
    run's content its own lines. Damage never raises: it is named in `Log.bad`.

    ```python
    log = steplog.read("logs")
    print(log["@last"])
    for run in log.iter_runs(status="error", newest_first=True, limit=10):
        print(run.name, run.error)
    ```

    Raises: NotALog if nothing is there or it is no log; LogError if it may not be read.
    """
    shelf = Shelf()
    paths = [_copied(shelf) if one == _STDIN else log_path(one) for one in (path, *more)]
    # Of a store what is read is a copy, beside which nothing may be noted.
    shelf.is_passing |= any(
        one != _STDIN and (is_url(one) or where != local_path(one))
        for one, where in zip((path, *more), paths, strict=True)
    )
    found = [segments(where) for where in paths]
    for where, files in zip(paths, found, strict=True):
        _require_lines(where, files)
    pairs = [
        (file, parts)
        for where, files in zip(paths, found, strict=True)
        for parts in [Parts(Cache(where))]
        for file in map(log_file, files)
        if file is not None
    ]
    catalogue = Catalogue(pairs, are_copies=len(paths) > 1)
    return Log(tuple(paths), tuple(file for file, _ in pairs), catalogue, shelf)


def _copied(shelf: Shelf) -> Path:
    """Standard input as a file, which goes with the last that reads from the shelf."""
    shelf.is_passing = True
    import shutil  # noqa: PLC0415 -- with `tempfile` 10 ms that only those pay who pipe a log in
    import tempfile  # noqa: PLC0415 -- as the line before

    folder = Path(tempfile.mkdtemp(prefix="steplog-"))  # for the user alone
    finalize(shelf, shutil.rmtree, folder, ignore_errors=True)
    copy = folder / "stdin.jsonl"
    with copy.open("wb") as target:
        shutil.copyfileobj(sys.stdin.buffer, target, _AT_ONCE)
    return copy


def _require_lines(path: Path, files: Sequence[Path]) -> None:
    """Raises if files have lines and none of them is ours."""
    bad: list[BadLine] = []
    for file in files:
        try:
            for found in islice(read_lines(file), _MOST_TRIED):
                if not isinstance(found, BadLine):
                    return
                bad.append(found)
        except OSError as error:
            bad.append(BadLine(file, 0, 0, f"cannot be read: {error.strerror}"))
    strange = [one for one in bad if not _could_be_ours(one)]
    if not strange:
        return
    if not bad[0].number:
        raise LogError(f"{bad[0].file} {bad[0].reason}")
    raise NotALog(f"{path} is no log: none of its lines is a steplog line ({bad[0].reason})")


def _could_be_ours(bad: BadLine) -> bool:
    """Whether a damage may be all that a killed process left of a log's first line."""
    return bad.torn and bad.head.startswith(b'{"seq"'[: len(bad.head)])
