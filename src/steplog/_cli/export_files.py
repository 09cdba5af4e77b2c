"""What `steplog export` writes: a file, a folder, or standard output."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from steplog._cli.command import complain
from steplog._cli.html import write_page
from steplog._cli.output import say
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
    if target == "atif" and out is not None and len(runs) > 1:
        _atif_folder(runs, Path(out), untold)
        return
    with opened(out) as file:
        for text in _texts(target, runs, asked, untold):
            file.write(text)


def _texts(target: str, runs: list[Run], asked: Asked, untold: Untold) -> Iterator[str]:
    from steplog import export  # noqa: PLC0415 -- the other targets need none

    match target:
        case "atif":
            yield from (_line(export.atif(run, untold)) for run in runs)
        case "chrome":
            yield _line(export.chrome(runs, untold))
        case "md":
            yield "\n".join(export.markdown(run, full=asked.full) for run in runs)
        case _:
            told = export.chat_messages(runs, shape=asked.shape, per=asked.per, untold=untold)
            yield from map(_line, told)


def _line(found: object) -> str:
    return json.dumps(found, ensure_ascii=False) + "\n"


def _atif_folder(runs: list[Run], folder: Path, untold: Untold) -> None:
    from steplog import export  # noqa: PLC0415 -- as in `_texts`

    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        document = json.dumps(export.atif(run, untold), ensure_ascii=False, indent=1)
        (folder / f"{run.id}.json").write_text(document + "\n", "utf-8")


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
    """The file to write to, for the user alone as the log is; - and none are standard output."""
    if out is None or out == "-":
        yield sys.stdout
        return
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        yield file
