"""What was noted of a log's runs, as a table: one row for each note and label that stands."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from steplog._notes.note import standing_labels
from steplog._show.terminal_text import as_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from steplog._ask.tables.loading import Connection
    from steplog._read.log import Log

_COLUMNS: Final = (
    "id VARCHAR, run VARCHAR, step BIGINT, ts TIMESTAMP, label VARCHAR, score DOUBLE, text VARCHAR, who VARCHAR, "
    "name VARCHAR, in_log BOOLEAN"
)


def add_notes(con: Connection, log: Log, wanted: Collection[str] | None, folder: Path, *, fill: bool) -> None:
    """Makes the table `notes`, and fills it if it is asked for: of all notes, or of those on runs of the `wanted` ids."""
    con.execute(f"CREATE TABLE notes ({_COLUMNS})")
    if not fill:
        return
    file = folder / "notes.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(as_json(row) + "\n" for row in _rows(log) if wanted is None or row["run"] in wanted)
    typed = ", ".join("{}: '{}'".format(*column.split()) for column in _COLUMNS.split(", "))
    con.execute(
        f"INSERT INTO notes SELECT * FROM read_json(?, format='newline_delimited', columns={{{typed}}})",
        [str(file)],
    )


def _rows(log: Log) -> Iterator[dict[str, Any]]:
    notes = log.notes
    there = {run.id for run in log.runs} if notes else set[str]()
    standing = standing_labels(notes)
    # A label that was put on twice is told once: with the note that put it there last.
    put = Counter((note.run, note.step, label) for note in notes for label in note.labels)
    for note in notes:
        row = {
            name: value for name, value in note.as_json().items() if name not in ("labels", "by", "errors")
        }
        row |= {"who": note.by or None, "in_log": note.run in there}
        own = [label for label in note.labels if label in standing.get((note.run, note.step), ())]
        put.subtract((note.run, note.step, label) for label in note.labels)
        own = [label for label in own if put[note.run, note.step, label] == 0]
        if own or note.text or note.score is not None:
            yield from ({**row, "label": label} for label in own or [None])
