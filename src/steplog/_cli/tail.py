"""`steplog tail`: the newest lines of a log, and those that come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
import orjson

from steplog._cli.command import ReadCommand, log_at
from steplog._cli.options import takes_log
from steplog._cli.output import columns, is_terminal, painted
from steplog._format.segment_name import PACKED
from steplog._format.shipped import is_url
from steplog._read.files.follow import follow
from steplog._read.files.lines import BadLine
from steplog._read.files.segments import log_path, segments
from steplog._read.runs.times import moment
from steplog._show.preview import as_text, brief, message_text
from steplog._show.stops import stopped
from steplog._show.terminal_text import as_json, cells_of, one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._format.record import Json, Record
    from steplog._read.files.lines import Line

_TOLD: Final = (
    "error", "message", "result", "output", "documents", "args", "query", "input", "prompt", "value", "data", "totals",
    "reason", "where", "argv0",
)  # fmt: skip
_WORD_CELLS: Final = 40
_ID_DIGITS: Final = 8
_LEAST_PREVIEW: Final = 20


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog tail -n 20",
        "steplog tail --jsonl",
        "steplog tail -n 3 --jsonl",
    ),
)
@click.option(
    "--follow", "-f", "following", is_flag=True, help="Go on with each line as it is written, until Ctrl-C."
)
@click.option(
    "-n",
    "--limit",
    "count",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="How many lines to begin with.",
)
@click.option("--jsonl", is_flag=True, help="The lines themselves.")
@takes_log
def tail(*, path: str | None, following: bool, count: int, jsonl: bool) -> None:
    """Show the newest lines of the log at PATH (- is standard input), of all its files and runs."""
    if following and path == "-":
        raise click.UsageError("standard input cannot be followed: give the log's path")
    if following and is_url(path):
        raise click.UsageError("a store is not followed: segments come there when they are closed")
    if not following:
        with log_at(path) as log:
            _print(log.tail(count), jsonl=jsonl)
        return
    segments(log_path(path))  # says so if there is no log, instead of waiting for one
    try:
        _print(follow(path, last=count), jsonl=jsonl)
    except KeyboardInterrupt:  # how following ends
        return


def _print(lines: Iterable[Line | BadLine], *, jsonl: bool) -> None:
    for line in lines:
        if isinstance(line, BadLine):
            click.echo(visible(f"steplog: {line}"), err=True)
        else:
            click.echo(_as_written(line) if jsonl else _readable(line.record))


def _as_written(line: Line) -> str | bytes:
    """The line's very bytes; on a terminal with what would act there escaped."""
    if is_terminal():
        return as_json(line.record)
    if str(line.file) != "-" and not line.file.name.endswith(PACKED):
        try:
            with line.file.open("rb") as file:
                file.seek(line.offset)
                raw = file.readline().rstrip(b"\n")
            if raw[:1] == b"{":
                return raw
        except OSError:  # it was packed, or deleted, a moment ago
            pass
    return orjson.dumps(line.record)  # as the writer writes


def _readable(record: Record) -> str:
    """A line in words: time, run, step, event, name, and what it is about."""
    when = moment(record.get("ts"))
    run, step = record.get("run"), record.get("step")
    lead = f"{when.strftime('%H:%M:%S.%f')[:-3] if when else '?':<12} {one_line((run or '')[:_ID_DIGITS], _ID_DIGITS):<{_ID_DIGITS}} {step or '':>4}"
    status = record.get("status")
    answer = record.get("message")
    ended = stopped(record, answer if isinstance(answer, dict) else None)
    notes = ", ".join(str(note) for note in (status, ended) if note)
    words = [record["ev"], record.get("name") or record.get("model"), notes and f"[{notes}]"]
    said = " ".join(one_line(str(word), _WORD_CELLS) for word in words if word)
    room = max(_LEAST_PREVIEW, columns() - cells_of(lead) - cells_of(said) - 3)
    preview = one_line(_about(record), room)
    line = f"{lead} {painted(said, 'red' if status == 'error' else None)}"
    return f"{line}  {preview}" if preview else line


def _about(record: Record) -> str:
    name = next((name for name in _TOLD if name in record), "")
    value: Json = record.get(name)
    if name == "error" and isinstance(value, dict):
        return f"{value.get('type', 'error')}: {as_text(value.get('message'))}"
    if name == "message":
        return message_text(value) if isinstance(value, dict) else f"message {value}"
    return f"messages {value}" if name == "prompt" else brief(value)
