"""The lines of a shipped log on Spark, as the views want them: each good line once, in the order of the log, only what counts.

What `steplog._ask.tables.loading` does for DuckDB, said in Spark's SQL, where a line's place is its writer's stem, segment and number.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._ask.tables.columns import BASE, NEEDS
from steplog._format.line import decode
from steplog._format.shipped import is_url
from steplog._notes.place import NOTES
from steplog._read.files.liveness import liveness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Session = Any  # pyspark's, which is an extra
Frame = Any

_MOST_IN_A_TEXT: Final = 20_000  # rows
_READ_AS: Final = {
    "VARCHAR": "STRING",
    "JSON": "VARIANT",
    "TIMESTAMP": "STRING",
}  # a time without a zone is cast later
_NAME: Final = r"([0-9]{8}T[0-9]+Z-[0-9]+-[^./]+)(?:\\.([0-9]+))?\\.jsonl(?:\\.zst)?$"
_GOOD: Final = (
    "ev IS NOT NULL AND seq IS NOT NULL AND ts IS NOT NULL AND (run IS NOT NULL OR startswith(ev, 'log.'))"
)
# What is put together here are our own words.
_ROWS: Final = f"""
    SELECT * EXCEPT (ts, w, stem, part), to_timestamp_ntz(replace(ts, 'Z', '')) AS ts, coalesce(w, substring_index(stem, '-', -1)) AS w,
        named_struct('stem', stem, 'part', part, 'seq', seq) AS place, endswith(ev, '.end') AS ended
    FROM (
        SELECT *, regexp_extract(file, '{_NAME}', 1) AS stem,
            coalesce(try_cast(nullif(regexp_extract(file, '{_NAME}', 2), '') AS INT), 1) AS part
        FROM steplog_read WHERE {_GOOD}
    )
"""  # noqa: S608
_ONCE: Final = """
    SELECT * EXCEPT (repeated) FROM (
        SELECT *, row_number() OVER (PARTITION BY w, seq ORDER BY place) AS repeated FROM steplog_rows
    ) WHERE repeated = 1
"""
_NUMBERED: Final = """
    SELECT *, greatest(1, CAST(sum(CASE WHEN ev = 'run.start' THEN 1 ELSE 0 END) OVER (PARTITION BY run ORDER BY place) AS INT)) AS nth
    FROM steplog_once
"""
# The first start counts, and the last end that was not inferred.
_COUNTING: Final = """
    SELECT * EXCEPT (rank, has_inferred) FROM (
        SELECT *, bool_or(coalesce(implied, false)) OVER (PARTITION BY run, nth, step, ev) AS has_inferred,
            row_number() OVER (PARTITION BY run, nth, step, ev ORDER BY
                CASE WHEN NOT ended THEN 0 WHEN implied THEN 2 ELSE 1 END,
                CASE WHEN ended AND implied IS NOT TRUE THEN -seq ELSE seq END) AS rank
        FROM steplog_numbered
    ) WHERE rank = 1 OR run IS NULL OR NOT has_inferred
"""
_OPEN: Final = """
    SELECT run, nth, collect_set(w) AS writers FROM lines WHERE run IS NOT NULL
    GROUP BY run, nth HAVING NOT bool_or(ev = 'run.end')
"""
_NO_NOTES: Final = f"NOT endswith(_metadata.file_path, '{NOTES}')"  # which stand beside the lines
_CLOSED: Final = "SELECT w, max_by(ev, place) = 'log.close' FROM lines GROUP BY w"


def files_of(url: str) -> str:
    """Where Spark finds the segments of a URL or of a local folder, shipped or as they were written."""
    if is_url(url):
        return f"s3a{url[2:]}" if url.startswith("s3://") else url.rstrip("/")  # as Hadoop calls it
    return f"file://{Path(url).expanduser().absolute()}"


def read_lines(session: Session, url: str, *, is_kept: bool) -> None:
    """Makes the views `lines` and `writers`, and `open_runs`, for which the log is looked through once.

    If it `is_kept`, what was read then is kept by Spark, in memory and on its disks: for several questions.
    """
    _configure(session)
    frame = _json(session, url)
    frame.createOrReplaceTempView("steplog_read")
    for name, sql in (
        ("steplog_rows", _ROWS),
        ("steplog_once", _ONCE),
        ("steplog_numbered", _NUMBERED),
        ("steplog_lines", _COUNTING),
        ("lines", "SELECT * FROM steplog_lines"),
    ):
        frame = session.sql(sql)
        if is_kept and name == "steplog_lines":
            frame = frame.persist()
        frame.createOrReplaceTempView(name)
    session.sql("SELECT DISTINCT file, w FROM lines").createOrReplaceTempView("writers")
    _tell_open_runs(session, url)


def count_bad(session: Session) -> int:
    """How many lines cannot be read, and so are in no view."""
    [(count,)] = session.sql(f"SELECT count(*) FROM steplog_read WHERE NOT ({_GOOD})").collect()  # noqa: S608 - our own words
    return count


def raw_lines(session: Session, url: str) -> Frame:
    """The lines as they stand there: `value`, and the `file`."""
    found = session.read.option("recursiveFileLookup", "true").option("pathGlobFilter", "*.jsonl*")
    return found.text(files_of(url)).where(_NO_NOTES).selectExpr("value", "_metadata.file_path AS file")


def _configure(session: Session) -> None:
    """What makes answers the same everywhere: hosts are texts, times are UTC, a circle in a damaged log ends."""
    for name, value in {
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.cteRecursionLevelLimit": "100000",
        "spark.sql.cteRecursionRowLimit": "-1",
    }.items():
        session.conf.set(name, value)


def _json(session: Session, url: str) -> Frame:
    columns: dict[str, str] = dict(BASE)
    for need in NEEDS.values():
        columns |= need
    schema = ", ".join(f"`{name}` {_spark_type(type_)}" for name, type_ in columns.items())
    reader = (
        session.read.schema(schema).option("recursiveFileLookup", "true").option("pathGlobFilter", "*.jsonl*")
    )
    frame = reader.json(files_of(url)).where(_NO_NOTES)
    texts = [
        f"to_json(`{name}`) AS `{name}`" if type_ == "JSON" else f"`{name}`"
        for name, type_ in columns.items()
    ]
    return frame.selectExpr(*texts, "_metadata.file_path AS file")


def _spark_type(type_: str) -> str:
    if type_.endswith("[]"):
        return f"ARRAY<{_spark_type(type_[:-2])}>"
    if type_.startswith("STRUCT("):
        fields = (field.strip().split(" ") for field in type_[len("STRUCT(") : -1].split(","))
        return f"STRUCT<{', '.join(f'{name}: {_spark_type(of)}' for name, of in fields)}>"
    return _READ_AS.get(type_, type_)


def _tell_open_runs(session: Session, url: str) -> None:
    """How each run without an end stands, which only the processes of this machine can tell: as on one machine."""
    found = session.sql(_OPEN).collect()
    statuses: list[tuple[str, int, str]] = []
    if found:
        closed = {w: bool(is_closed) for w, is_closed in session.sql(_CLOSED).collect()}
        opened = _openings(session, url)
        for run, nth, writers in found:
            facts = ((opened.get(writer, {}), closed.get(writer, False)) for writer in writers)
            statuses.append((run, nth, liveness(facts)))
    small_table(session, "run STRING, nth INT, status STRING", statuses).createOrReplaceTempView("open_runs")


def small_table(session: Session, columns: str, rows: Sequence[Sequence[Any]]) -> Frame:
    """Rows of ours as a table, made by Spark itself: otherwise it begins a process of Python for them."""
    if len(rows) > _MOST_IN_A_TEXT:
        return session.createDataFrame(rows, columns)
    typed = [column.split(" ", 1) for column in columns.split(", ")]
    struct = ", ".join(f"{name}: {type_}" for name, type_ in typed)
    objects = [{name: value for (name, _), value in zip(typed, row, strict=True)} for row in rows]
    sql = f"SELECT inline(from_json(:rows, 'ARRAY<STRUCT<{struct}>>'))"
    return session.sql(sql, args={"rows": orjson.dumps(objects).decode()})


def _openings(session: Session, url: str) -> dict[str, Mapping[str, Any]]:
    """The `log.open` of each writer: what tells whether a process lives is no column, and may become more."""
    found = raw_lines(session, url).where('contains(value, \'"ev":"log.open"\')').select("value").collect()
    records: list[Mapping[str, Any]] = []
    for (value,) in found:
        try:
            records.append(decode(value.encode()))
        except ValueError:
            continue
    return {str(record.get("w")): record for record in records if record.get("ev") == "log.open"}
