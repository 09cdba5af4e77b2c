"""What a large log costs on its way out: to Parquet beside DuckDB's own conversion, to a store and back, and figures on Spark.

`python benchmarks/fleet.py --size 1G` writes a log of that size with the project's own recorder, measures, compares, and deletes it.
`--spark BIN/python` names an interpreter with `steplog[spark]`, and Spark (`local[2]`) is asked the same as DuckDB.
Each figure is of a process of its own: wall time, CPU seconds (all its threads and children) and peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import reading_log
from reading import _UNITS, BARE

COMMAND = [sys.executable, "-c", "from steplog._cli.main import main; main()"]
# What DuckDB itself makes of the lines: every field that it finds, one row a line, no step put together, no reference followed.
ITS_OWN = """
import sys, duckdb
duckdb.sql(f"COPY (SELECT * FROM read_json('{sys.argv[1]}/*.jsonl*', format='newline_delimited', union_by_name=true, "
           f"maximum_object_size=67108864, map_inference_threshold=0, sample_size=20000, ignore_errors=true)) "
           f"TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)")
"""
ON_SPARK = """
import sys, json, time
from steplog import spark
session = spark.session("local[2]")
begun = time.time()
log = spark.SparkLog(session, sys.argv[1])
found = log.stats(["model"])
print(json.dumps(found.as_json()))
"""


def measured(words, **env):
    """Wall seconds, CPU seconds, peak MB and standard output of a process."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(list(map(str, words)), stdout=out, env={**os.environ, **env})
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode()
    if process.returncode:
        raise SystemExit(f"{words} ended with {process.returncode}")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, text


def size_of(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def differences(log: Path, out: Path) -> list[str]:
    """The views whose Parquet is not the view over the lines: all rows of both are hashed and summed up."""
    import duckdb

    import steplog
    from steplog._ask.tables.database import database
    from steplog._ask.tables.views import OF_RUNS, VIEWS

    def said(columns):
        texts = ", ".join(f"coalesce({column}::VARCHAR, chr(1))" for column in columns)
        return f"count(*), sum(hash(concat_ws(chr(0), {texts}))::HUGEINT)"

    found = []
    with database(steplog.read(log), OF_RUNS, memory="2GB") as held:
        for view in OF_RUNS:
            columns = [column.name for column in VIEWS[view]]
            here = held.rows(f"SELECT {said(columns)} FROM {view}")
            files = f"read_parquet('{out}/{view}/*/*.parquet', hive_partitioning=false)"
            there = duckdb.sql(f"SELECT {said(columns)} FROM {files}").fetchall()
            print(
                f"  {view}: {here[0][0]} rows, {'equal' if here == there else f'NOT EQUAL: {there[0][0]} rows'}",
                flush=True,
            )
            found += [] if here == there else [view]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="100M", help="of the log: 100M, 1G (default 100M)")
    parser.add_argument("--keep", metavar="DIR", help="write the log there, and leave it")
    parser.add_argument("--spark", metavar="PYTHON", help="an interpreter with steplog[spark]")
    chosen = parser.parse_args()
    size = int(float(chosen.size.rstrip("kMG")) * _UNITS.get(chosen.size[-1], 1))
    with tempfile.TemporaryDirectory(prefix="steplog-fleet-") as scratch:
        folder = Path(scratch)
        log = Path(chosen.keep or folder / "log")
        if not log.exists():
            reading_log.write(log, size)
        print(f"{size_of(log):.0f} MB in {len(list(log.glob('*.jsonl*')))} segments", flush=True)
        env = {"XDG_CACHE_HOME": str(folder / "cache")}
        rows = [("bare loop of orjson.loads", None, *measured([sys.executable, "-c", BARE, log])[:3])]
        print("| what | wall s | CPU s | MB of memory | MB written |\n|---|--:|--:|--:|--:|", flush=True)

        def row(name, path, words):
            wall, cpu, memory, text = measured(words, **env)
            rows.append((name, path, wall, cpu, memory))
            print(told(rows[-1]), flush=True)
            return text

        print(told(rows[0]), flush=True)
        row(
            "DuckDB's own: the lines as one Parquet file",
            folder / "own.parquet",
            [sys.executable, "-c", ITS_OWN, log, folder / "own.parquet"],
        )
        row(
            "steplog export parquet: eight views",
            folder / "views",
            [*COMMAND, "export", "parquet", folder / "views", log],
        )
        row("the same again: nothing is new", None, [*COMMAND, "export", "parquet", folder / "views", log])
        row(
            "steplog ship to a folder, read back", folder / "store", [*COMMAND, "ship", folder / "store", log]
        )
        here = row("stats --by model, the log", None, [*COMMAND, "stats", "--by", "model", "--json", log])
        there = row(
            "stats --by model, the store",
            None,
            [*COMMAND, "stats", "--by", "model", "--json", folder / "store"],
        )
        answers = {"DuckDB over the log": here, "DuckDB over the store": there}
        if chosen.spark:
            env |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": chosen.spark}
            answers["Spark"] = row(
                "the same on Spark, local[2]", None, [chosen.spark, "-c", ON_SPARK, folder / "store"]
            )
        print()
        (log / ".shipped").unlink(missing_ok=True)  # what is kept was shipped to a folder that goes away
        different = differences(log, folder / "views")
        totals = {name: json.loads(text)["total"] for name, text in answers.items()}
        print(
            f"totals: {'equal' if len({json.dumps(t, sort_keys=True) for t in totals.values()}) == 1 else totals}"
        )
        sys.exit(1 if different else 0)


def told(row) -> str:
    name, path, wall, cpu, memory = row
    return (
        f"| {name} | {wall:.1f} | {cpu:.1f} | {memory} | {'' if path is None else f'{size_of(path):.0f}'} |"
    )


if __name__ == "__main__":
    main()
