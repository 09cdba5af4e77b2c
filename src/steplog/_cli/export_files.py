"""What `steplog export` writes: a file, a folder, or standard output."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Literal

from steplog._cli.command import complain
from steplog._cli.html import write_page
from steplog._cli.output import say
from steplog._cli.progress import over
from steplog._read.errors import LogError
from steplog._show.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime

    from steplog._export.messages import Per, Shape
    from steplog._export.untold import Untold
    from steplog._read.log import Log
    from steplog._read.runs.run import Run

Content = Literal["none", "preview", "full"]
_MOST_NAMED = 5
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `steplog export` that are of some formats only."""

    shape: Shape
    per: Per
    full: bool
    content: Content
    unfinished: bool
    follow: bool


def write(target: str, runs: list[Run], out: str | None, asked: Asked, untold: Untold) -> None:
    """The runs in a format that is text."""
    if target == "atif" and out not in (None, "-") and not (len(runs) == 1 and out.endswith(".json")):
        _atif_folder(runs, Path(out), untold)
        return
    with opened(out) as file:
        for text in _texts(target, runs, asked, untold):
            file.write(text)


def _texts(target: str, runs: list[Run], asked: Asked, untold: Untold) -> Iterator[str]:
    from steplog import export  # noqa: PLC0415 -- the other targets need none

    # Copies, since a run keeps the steps that were asked of it, and there may be a million runs.
    each = map(copy, runs)
    match target:
        case "atif":
            yield from (_line(export.atif(run, untold)) for run in each)
        case "chrome":
            yield _line(export.chrome(each, untold))
        case "md":
            yield from ("\n" * bool(n) + export.markdown(run, full=asked.full) for n, run in enumerate(each))
        case _:
            told = export.chat_messages(each, shape=asked.shape, per=asked.per, untold=untold)
            yield from map(_line, told)


def _line(found: object) -> str:
    return json.dumps(found, ensure_ascii=False) + "\n"


def _atif_folder(runs: list[Run], folder: Path, untold: Untold) -> None:
    from steplog import export  # noqa: PLC0415 -- as in `_texts`

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    used: Counter[str] = Counter()
    with TemporaryDirectory(dir=folder, prefix=".part-") as made:  # all, or none
        for run in runs:
            used[run.id] += 1  # a program may use an id twice
            name = run.id if used[run.id] == 1 else f"{run.id}~{used[run.id]}"
            with opened(str(Path(made, f"{name}.json"))) as file:
                file.write(json.dumps(export.atif(copy(run), untold), ensure_ascii=False, indent=1) + "\n")
        for file in sorted(Path(made).iterdir()):
            file.rename(folder / file.name)


def html(log: Log, runs: list[Run], out: str | None, content: Content) -> None:
    """The page with the runs inside."""
    write_page(log, runs, "-" if out is None else out, content)


def parquet(log: Log, out: str, since: datetime | None, *, unfinished: bool) -> None:
    """The views of the log, added to the folder."""
    from steplog import export  # noqa: PLC0415 -- as in `_texts`

    done = export.parquet(log, out, since=since, unfinished=unfinished)
    rows = ", ".join(f"{count} {view}" for view, count in done.rows.items())
    say(f"{visible(out)}: {rows}")
    for note in done.notes:
        complain(note)
    if log.notes:
        complain(f"not told: {len(log.notes)} notes, which stand beside the log")
    if done.were_there:
        complain(f"{done.were_there} runs were there already")
    if done.waiting:
        named = ", ".join(done.waiting[:_MOST_NAMED])
        complain(f"{len(done.waiting)} runs were left out, since they may still get an end: {named}")


@contextmanager
def opened(out: str | None) -> Generator[IO[str]]:
    """The file to write to, for the user alone as the log is; - and none are standard output.

    It gets its name when it is whole: of a write that fails, or that Ctrl-C ends, nothing is left.
    """
    if out is None or out == "-":
        over()
        yield sys.stdout
        return
    target = Path(os.path.realpath(out))
    is_file = target.is_file() or not target.exists()  # a pipe or a device is written to as it stands
    beside = target.with_name(f".{target.name}.{os.getpid()}.part") if is_file else target
    is_whole = False
    try:
        with os.fdopen(os.open(beside, _FLAGS, 0o600), "w", encoding="utf-8") as file:
            yield file
        if is_file:
            beside.replace(target)
        is_whole = True
    except OSError as error:
        if error.filename in (None, str(beside)):
            raise LogError(f"cannot write {out}: {error.strerror or error}") from None
        raise
    finally:
        if is_file and not is_whole:
            beside.unlink(missing_ok=True)
