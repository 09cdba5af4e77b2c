"""What the writer's promises cost a line: the hardened writer beside a bare lock and one `write` of the same line.

Run: python benchmarks/append_price.py [DIRECTORY] [LINES]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from steplog._format.line import encode
from steplog._write.disk.appender import Appender
from steplog._write.disk.file_sink import file_for
from steplog._write.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = {"run": "8f3a1c2b4d5e6f70", "step": 7, "ev": "tool.end", "ms": 12.5, "result": "x" * 900}
ROUNDS = 200


def unnumbered(path: Path) -> Callable[[], object]:
    """Encode, lock, write, and nothing else: its lines have no number and no time."""
    lock = threading.Lock()
    file = path.open("ab", buffering=0)

    def write() -> None:
        data = encode(RECORD) + b"\n"
        with lock:
            file.write(data)

    return write


def bare(path: Path) -> Callable[[], object]:
    """The same line as ours, with number and time, by a lock and a write without any promise."""
    lock = threading.Lock()
    file = path.open("ab", buffering=0)
    number = 0

    def write() -> None:
        nonlocal number
        record = encode(RECORD)
        with lock:
            number += 1
            ts = datetime.now(UTC).isoformat(timespec="microseconds")[:26]
            file.write(b'{"seq":%d,"ts":"%bZ",%b\n' % (number, ts.encode(), record[1:]))

    return write


def ours(path: Path, **settings: object) -> Callable[[], object]:
    """Encode and append."""
    loaded = Settings.load(path, environ={}, **settings)
    append = Appender(file_for(loaded), dict, loaded).append

    def write() -> None:
        append(encode(RECORD))

    return write


def timed(write: Callable[[], object], lines: int) -> list[int]:
    took: list[int] = []
    clock = time.perf_counter_ns
    for _ in range(lines):
        before = clock()
        write()
        took.append(clock() - before)
    return took


def main(folder: str | None = None, lines: int = 20_000) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        root = Path(temporary)
        writers = {
            "bare lock + write": bare(root / "bare"),
            "same, no seq, no ts": unnumbered(root / "unnumbered"),
            "steplog, segment": ours(root / "segments"),
            "steplog, shared file": ours(root / "shared.jsonl"),
            "steplog, chain": ours(root / "chained", chain=True),
        }
        took: dict[str, list[int]] = {name: [] for name in writers}
        for _ in range(ROUNDS):  # in turns: a busy machine is busy for all of them
            for name, write in writers.items():
                took[name] += timed(write, lines // ROUNDS)
        base = statistics.median(took["bare lock + write"])
        print(f"{'1 kB lines, us':24}{'p50':>8}{'p99':>8}{'p50 to bare':>14}")
        for name, times in took.items():
            times.sort()
            p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
            print(f"{name:24}{p50 / 1000:8.2f}{p99 / 1000:8.2f}{p50 / base:13.2f}x")


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(n) for n in sys.argv[2:3]))
