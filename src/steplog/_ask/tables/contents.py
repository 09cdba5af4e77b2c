"""What was said in a log, as tables: arguments and results, messages, documents, with every reference followed."""

from __future__ import annotations

from collections import Counter
from copy import copy
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from steplog._ask.said import args_of, result_of
from steplog._ask.tables.columns import USUAL_LINE
from steplog._read.errors import LogError
from steplog._show.preview import as_text
from steplog._show.terminal_text import as_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from steplog._ask.tables.loading import Connection
    from steplog._format.record import Json
    from steplog._read.log import Log
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

TABLES: Final = {
    "contents": "run VARCHAR, nth INTEGER, step BIGINT, args JSON, result JSON",
    "messages": "run VARCHAR, nth INTEGER, m BIGINT, role VARCHAR, content VARCHAR, tool_calls JSON",
    "documents": "run VARCHAR, nth INTEGER, step BIGINT, rank BIGINT, id VARCHAR, score DOUBLE, content VARCHAR, metadata JSON",
}
MADE_FOR: Final = {"tool_calls": "contents", "messages": "messages", "documents": "documents"}
"""Which of these tables a view needs."""


def add_contents(
    con: Connection, log: Log, views: Collection[str], wanted: Collection[str] | None, folder: Path
) -> None:
    """Makes the tables, and fills those that the views need from the runs of the log (of these ids, if they are given)."""
    needed = {MADE_FOR[view] for view in views if view in MADE_FOR}
    for table, columns in TABLES.items():
        con.execute(f"CREATE TABLE {table} ({columns})")
    if not needed:
        return
    files = {table: (folder / f"{table}.jsonl").open("wb") for table in needed}
    longest = USUAL_LINE
    for nth, run in numbered(log):
        if wanted is None or run.id in wanted:
            for table, row in rows_of_run(run, needed):
                line = orjson.dumps({"run": run.id, "nth": nth, **row}, default=str)
                files[table].write(line + b"\n")
                longest = max(longest, len(line) + 2)
    for table, stream in files.items():
        stream.close()
        typed = ", ".join("{}: '{}'".format(*column.split()) for column in TABLES[table].split(", "))
        con.execute(
            f"INSERT INTO {table} SELECT * FROM read_json(?, format='newline_delimited', columns={{{typed}}}, "
            f"maximum_object_size={longest})",
            [stream.name],
        )


def numbered(log: Log) -> Iterator[tuple[int, Run]]:
    """The log's runs, each with which run of its id it is; the content of a run is not kept."""
    seen: Counter[str] = Counter()
    for run in log.runs:
        seen[run.id] += 1
        yield seen[run.id], copy(run)


def rows_of_run(run: Run, needed: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a run gives to the tables that are needed: each row with its table's name, without `run` and `nth`."""
    try:
        if "messages" in needed:
            yield from (("messages", _message(message)) for message in run.messages)
        for step in run.steps:
            if step.kind == "tool" and "contents" in needed:
                yield "contents", {"step": step.number, "args": args_of(step), "result": result_of(step)}
            elif step.kind in ("retriever", "rerank") and "documents" in needed:
                yield from (("documents", {"step": step.number, **row}) for row in _documents(step))
    except LogError:
        return  # its file went while we read: the tables of its lines have what was there


def _message(message: dict[str, Json]) -> dict[str, Any]:
    content = message.get("content", "")
    text = content if isinstance(content, str) else as_json(content)
    return {
        "m": message["m"],
        "role": as_text(message.get("role")),
        "content": text,
        "tool_calls": message.get("tool_calls"),
    }


def _documents(step: Step) -> Iterable[dict[str, Any]]:
    found = step.field("documents")
    for rank, document in enumerate(cast("list[Json]", found) if isinstance(found, list) else (), 1):
        if isinstance(document, dict):
            score = document.get("score")
            yield {
                "rank": rank,
                "id": as_text(document.get("id")) or None,
                "score": score if isinstance(score, int | float) else None,
                "content": as_text(document.get("content")) or None,
                "metadata": document.get("metadata"),
            }
