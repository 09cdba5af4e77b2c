"""What was said, as tables on Spark: each run's lines come together on one worker, where the reader follows their references.

Workers need steplog installed, as the driver does.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._ask.tables.contents import TABLES, numbered, rows_of_run
from steplog._fleet.spark_lines import raw_lines, small_table
from steplog._format.line import decode
from steplog._format.segment_name import parse
from steplog._read.log import read

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from steplog._read.log import Log

Session = Any  # pyspark's, which is an extra
Table = Any  # pyarrow's

_TYPES: Final = {"VARCHAR": "STRING", "JSON": "STRING"}
_GATHERED: Final = """
    SELECT get_json_object(value, '$.run') AS run, value, file,
        try_cast(get_json_object(value, '$.seq') AS BIGINT) AS seq
    FROM steplog_raw WHERE contains(value, '"run":"')
"""


def content_views(session: Session, url: str) -> None:
    """Makes the views `contents`, `messages` and `documents`; nothing is read before they are asked."""
    raw_lines(session, url).createOrReplaceTempView("steplog_raw")
    gathered = session.sql(_GATHERED).where("run IS NOT NULL AND seq IS NOT NULL")
    for table, columns in TABLES.items():
        types = dict(column.split() for column in columns.split(", "))
        schema = ", ".join(f"`{name}` {_TYPES.get(type_, type_)}" for name, type_ in types.items())
        found = gathered.groupBy("run").applyInArrow(_in_worker(table, types), schema)
        found.createOrReplaceTempView(table)


def _in_worker(table: str, types: dict[str, str]) -> Callable[[Table], Table]:
    """What a worker does with the lines of one run: the rows of a table with these columns."""

    def rows(lines: Table) -> Table:
        import pyarrow as pa  # noqa: PLC0415 - comes with pyspark[sql]

        arrow = {"BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64()}
        found = list(_rows(table, lines.to_pylist()))
        columns: list[Any] = []
        for name, type_ in types.items():
            values = [row.get(name) for row in found]
            if type_ == "JSON":
                values = [None if value is None else _compact(value) for value in values]
            columns.append(pa.array(values, type=arrow.get(type_, pa.string())))
        return pa.table(columns, names=list(types))

    return rows


def _compact(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def _rows(table: str, lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="steplog-") as folder:
        file = Path(folder, "run.jsonl")
        file.write_bytes(b"".join(in_order(lines)))
        for nth, run in numbered(read(file)):
            yield from (
                {"run": run.id, "nth": nth, **row} for of, row in rows_of_run(run, {table}) if of == table
            )


def runs_of(session: Session, url: str, wanted: Collection[str], folder: Path) -> Log:
    """These runs as a log of their own, in a file in `folder`: for what only a reader can tell of a few of them."""
    raw_lines(session, url).createOrReplaceTempView("steplog_raw")
    lines = session.sql(_GATHERED).where("seq IS NOT NULL")
    chosen = small_table(session, "run STRING", [(run,) for run in wanted])
    found = [row.asDict() for row in lines.join(chosen, "run", "left_semi").collect()]
    file = folder / "runs.jsonl"
    file.write_bytes(b"".join(in_order(found)))
    return read(file)


def in_order(rows: list[dict[str, Any]]) -> list[bytes]:
    """The good lines of runs, once and in the order of the log, each with its writer's id in it."""
    found: dict[tuple[str, int], tuple[tuple[str, int, int], bytes]] = {}
    for row in rows:
        name = parse(row["file"].rpartition("/")[2])
        try:
            record = decode(row["value"].encode())
        except ValueError:
            continue
        stem, part, w = (name.stem, name.part, name.w) if name is not None else (row["file"], 1, "")
        record = record if "w" in record else {**record, "w": w}
        place = (stem, part, row["seq"])
        key = (str(record["w"]), row["seq"])
        if key not in found or place < found[key][0]:
            found[key] = (place, orjson.dumps(record) + b"\n")
    return [line for _, line in sorted(found.values())]
