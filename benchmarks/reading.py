"""What reading costs: each question on one large log, with a bare loop of `orjson.loads` over every line beside it.

`python benchmarks/reading.py --size 1G` writes a log of that size with the project's own recorder, asks, and deletes it.
Every figure is of a process of its own: CPU seconds (user and system, of all its threads and children) and peak memory.
Cold is without anything learnt before (the page cache of the system is warm throughout), warm the same question again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import reading_log

_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}
_FEW_SECONDS = 0.3
_MOST_MB = 200

BARE = """
import sys, orjson
from pathlib import Path
from steplog._format.zstd import open_segment
for file in sorted(Path(sys.argv[1]).iterdir()):
    with open_segment(file) as lines:
        for line in lines:
            orjson.loads(line)
"""
LISTED = (
    "import sys, steplog\nfor run in steplog.read(sys.argv[1]).runs: run.name, run.status, run.ms, run.totals"
)
STEPS = """
import sys, steplog
for run in steplog.read(sys.argv[1]).iter_runs():
    for step in run.steps: step.kind
"""
ROWS_OF_STEPS = "import sys, steplog\nfor row in steplog.read(sys.argv[1]).iter_steps(columns=['run', 'kind', 'ms']): pass"
DUCKDB = """
import sys, duckdb
columns = {'ev': 'VARCHAR', 'run': 'VARCHAR', 'step': 'BIGINT', 'ms': 'DOUBLE', 'model': 'VARCHAR', 'name': 'VARCHAR'}
duckdb.sql(f"SELECT ev, count(*), avg(ms) FROM read_json('{sys.argv[1]}/*.jsonl*', format='newline_delimited', "
           f"columns={columns}, ignore_errors=true) GROUP BY ev").fetchall()
"""
PLAIN = "(cat {log}/*.jsonl; zstd -dcq {log}/*.jsonl.zst 2>/dev/null)"


@dataclass
class Question:
    """A row: what is asked, the command that answers it, and what it may cost."""

    name: str
    command: list[str]
    seconds: float = 0.0  # of CPU, cold
    loops: float = 0.0  # bare loops, cold
    warm: float = 0.0  # bare loops, warm
    cpu: list[float] = field(default_factory=list)
    memory: int = 0


def python(program: str, log: Path) -> list[str]:
    return [sys.executable, "-c", program, str(log)]


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", "from steplog._cli.main import main; main()", *words]


def shell(line: str, log: Path) -> list[str]:
    return ["sh", "-c", line.replace("{plain}", PLAIN).replace("{log}", str(log))]


def questions(log: Path) -> list[Question]:
    """Every row of the table, the neighbours last."""
    where = str(log)
    oldest = oldest_run(log)
    by_model = "SELECT model, count(*), sum(input_tokens) FROM llm_calls GROUP BY model"
    return [
        Question("bare loop", python(BARE, log)),
        Question("start of Python with `import steplog`", python("import steplog; steplog.read", log)),
        Question("ls -n 20", command("ls", "-n", "20", where), seconds=_FEW_SECONDS),
        Question("show @last", command("show", "@last", "-p", where), seconds=_FEW_SECONDS),
        Question("tail -n 20", command("tail", "-n", "20", where), seconds=_FEW_SECONDS),
        Question("all runs (library)", python(LISTED, log), loops=1.0, warm=0.1),
        Question("ls", command("ls", where), loops=1.0, warm=0.1),
        Question(
            f"show {oldest[:8]} (the oldest)", command("show", oldest[:8], "-p", where), loops=1.0, warm=0.1
        ),
        Question("stats --by model", command("stats", "--by", "model", where), loops=0.6, warm=0.6),
        Question(
            "stats --by status,meta.user",
            command("stats", "--by", "status,meta.user", where),
            loops=0.6,
            warm=0.6,
        ),
        Question("errors", command("errors", where), loops=0.6, warm=0.6),
        Question("cost", command("cost", where), loops=0.6, warm=0.6),
        Question("sql … GROUP BY model", command("sql", by_model, "-p", where), loops=0.6, warm=0.6),
        Question("grep, a rare phrase", command("grep", reading_log.PHRASE, where), loops=0.6),
        Question("grep -c, a word of every run", command("grep", "-c", "warehouse", where), loops=0.6),
        Question("grep -E, two rare ones", command("grep", "-E", "quota exceeded.*47|nothing such", where)),
        Question("steps of all runs (library)", python(STEPS, log), loops=2.5),
        Question("flat rows of all steps (library)", python(ROWS_OF_STEPS, log), loops=2.5),
        Question("doctor", command("doctor", where)),
        Question("neighbour: grep -c", shell(f"{{plain}} | grep -c '{reading_log.PHRASE}'", log)),
        Question(
            "neighbour: jq, runs that failed",
            shell("{plain} | jq -c 'select(.ev==\"run.end\" and .status) | .run' | wc -l", log),
        ),
        Question("neighbour: DuckDB, six columns, group by", python(DUCKDB, log)),
    ]


def oldest_run(log: Path) -> str:
    import steplog

    os.environ["STEPLOG_CACHE"] = "0"
    found = steplog.read(log).runs[0].id
    del os.environ["STEPLOG_CACHE"]
    return found


def ask(question: Question, cache: Path, *, cold: bool) -> float | None:
    """CPU seconds of the question's process and its children; None where it cannot be asked here."""
    if cold:
        shutil.rmtree(cache, ignore_errors=True)
    null = os.open(os.devnull, os.O_RDWR)
    # Compiled modules as an installed package has them, whatever this machine's settings are.
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(cache),
        "COLUMNS": "120",
        "PYTHONPYCACHEPREFIX": str(cache.with_name("compiled")),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    pid = os.posix_spawnp(
        question.command[0],
        question.command,
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)],
    )
    os.close(null)
    _, status, used = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):  # 1: the answer is "no"
        return None
    question.memory = max(question.memory, used.ru_maxrss // 1024)
    return used.ru_utime + used.ru_stime


def judged(question: Question, bare: float) -> str:
    cold, warm, *_ = *question.cpu, None, None
    if cold is None:
        return "cannot be asked here"
    if not (question.seconds or question.loops):
        return ""
    fits = (not question.seconds or cold <= question.seconds) and (
        not question.loops or cold <= question.loops * bare
    )
    fits = (
        fits
        and (not question.warm or warm is None or warm <= question.warm * bare)
        and question.memory <= _MOST_MB
    )
    most = f"{question.seconds} s" if question.seconds else f"{question.loops} loops"
    return f"{'met' if fits else 'MISSED'}: {most}{f', warm {question.warm}' if question.warm else ''}"


def table(rows: list[Question]) -> str:
    """The figures as Markdown."""
    bare = rows[0].cpu[0]
    lines = [
        "| Question | CPU s, cold | bare loops | CPU s, warm | bare loops | MB | target |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        cells = [f"{seconds:.2f} | {seconds / bare:.2f}" for seconds in row.cpu[:2]] or ["- | -"]
        cells += [" | "] * (2 - len(cells))
        lines.append(f"| {row.name} | {' | '.join(cells)} | {row.memory or ''} | {judged(row, bare)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="100M", help="of the log: 100M, 1G (default 100M)")
    parser.add_argument(
        "--rounds", type=int, default=2, help="of each question; the least counts (default 2)"
    )
    parser.add_argument("--only", nargs="*", default=[], help="rows whose names have one of these words")
    parser.add_argument("--keep", metavar="DIR", help="write the log there, and leave it")
    chosen = parser.parse_args()
    size = int(float(chosen.size.rstrip("kMG")) * _UNITS.get(chosen.size[-1], 1))
    with tempfile.TemporaryDirectory(prefix="steplog-reading-") as folder:
        log, cache = Path(chosen.keep or Path(folder) / "log"), Path(folder) / "cache"
        runs = reading_log.write(log, size) if not log.exists() else 0
        on_disk = sum(file.stat().st_size for file in log.iterdir())
        print(
            f"{on_disk / 1e6:.0f} MB in {len(list(log.iterdir()))} segments, {runs or 'known'} runs",
            flush=True,
        )
        rows = questions(log)
        rows = [
            row
            for row in rows
            if row is rows[0] or not chosen.only or any(w in row.name for w in chosen.only)
        ]
        for row in rows:
            ask(row, cache, cold=True)  # which compiles what it needs, and has the files in memory
            is_asked_twice = row.warm or row.seconds
            for turn in range(chosen.rounds):
                times = [
                    ask(row, cache, cold=True),
                    *([ask(row, cache, cold=False)] if is_asked_twice else []),
                ]
                if None in times:
                    break
                row.cpu = times if not turn else [min(pair) for pair in zip(row.cpu, times, strict=True)]
        print(table(rows))


if __name__ == "__main__":
    main()
