"""What the writer's promises cost: the hardened writer beside a bare lock and one `write` of the same line, in one run.

One line after the other; many threads at once; a storm of signals; a disk that stalls beside an event loop.

Run: python benchmarks/append_price.py [DIRECTORY] [LINES]
"""

from __future__ import annotations

import asyncio
import signal
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
THREADS = (1, 8, 32, 200)
SIGNALS_A_SECOND = 2000
STALL_S = 0.4


def unnumbered(path: Path) -> Callable[[], object]:
    """Encode, lock, write, and nothing else: its lines have no number and no time."""
    lock = threading.Lock()
    file = path.open("ab", buffering=0)

    def write() -> None:
        data = encode(RECORD) + b"\n"
        with lock:
            file.write(data)

    return write


def bare(path: Path, write: Callable[[bytes], object] | None = None) -> Callable[[], object]:
    """The same line as ours, with number and time, by a lock and a write without any promise."""
    lock = (
        threading.RLock()
    )  # with a plain one, a signal handler that logs would wait for ever for what it cut into
    put = write or path.open("ab", buffering=0).write
    number = 0

    def append() -> None:
        nonlocal number
        record = encode(RECORD)
        with lock:
            number += 1
            ts = datetime.now(UTC).isoformat(timespec="microseconds")[:26]
            put(b'{"seq":%d,"ts":"%bZ",%b\n' % (number, ts.encode(), record[1:]))

    return append


def ours(path: Path, sink: Stalling | None = None, **settings: object) -> Callable[[], object]:
    """Encode and append."""
    loaded = Settings.load(path, environ={}, **settings)
    append = Appender(sink or file_for(loaded), dict, loaded).append

    def write() -> None:
        append(encode(RECORD))

    return write


class Stalling:
    """A file whose writes now and then take 0.4 s."""

    shared = False

    def __init__(self, path: Path) -> None:
        self.file = path.open("ab", buffering=0)
        self.stalls = False

    def open(self, stamp: str, pid: int, w: str) -> None:
        pass

    def write(self, lines: bytes) -> int | None:
        if self.stalls:
            self.stalls = False
            time.sleep(STALL_S)
        return self.file.write(lines)

    def close(self) -> None:
        self.file.close()


def timed(write: Callable[[], object], lines: int) -> list[int]:
    took: list[int] = []
    clock = time.perf_counter_ns
    for _ in range(lines):
        before = clock()
        write()
        took.append(clock() - before)
    return took


def percentile(times: list[int], percent: float) -> float:
    """In us."""
    return sorted(times)[int(len(times) * percent / 100)] / 1000


def one_by_one(root: Path, lines: int) -> None:
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
        p50 = percentile(times, 50)
        print(f"{name:24}{p50:8.2f}{percentile(times, 99):8.2f}{p50 * 1000 / base:13.2f}x")


def from_threads(write: Callable[[], object], threads: int, lines: int) -> tuple[float, float, list[int]]:
    """Lines a second, CPU in us a line, and how long each call took in ns."""
    took: list[list[int]] = [[] for _ in range(threads)]
    gate = threading.Barrier(threads + 1)

    def work(k: int) -> None:
        gate.wait()
        took[k] = timed(write, lines // threads)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(threads)]
    for worker in workers:
        worker.start()
    gate.wait()
    wall, cpu = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.join()
    times = [one for each in took for one in each]
    return len(times) / (time.perf_counter() - wall), (time.process_time() - cpu) * 1e6 / len(times), times


def many_threads(root: Path, lines: int) -> None:
    print(f"\n{'flat out':24}{'lines/s':>10}{'CPU us':>8}{'p50 us':>9}{'p99 ms':>9}{'to bare':>10}")
    for threads in THREADS:
        figures: dict[str, list[tuple[float, float]]] = {}
        times: dict[str, list[int]] = {}
        for turn in range(5):
            for name, make in (("bare", bare), ("steplog", ours)):
                *figure, took = from_threads(make(root / f"{name}-{threads}-{turn}"), threads, lines)
                figures.setdefault(name, []).append((figure[0], figure[1]))
                times.setdefault(name, []).extend(took)
        rate = {name: statistics.median(r for r, _ in found) for name, found in figures.items()}
        for name, found in figures.items():
            cpu, took = statistics.median(c for _, c in found), times[name]
            p50, p99 = percentile(took, 50), percentile(took, 99) / 1000
            ratio = f"{rate[name] / rate['bare']:9.2f}x"
            print(
                f"{name + f', {threads} threads':24}{rate[name]:10.0f}{cpu:8.1f}{p50:9.1f}{p99:9.2f}{ratio}"
            )


def signal_storm(root: Path, lines: int) -> None:
    print(
        f"\n{f'{SIGNALS_A_SECOND} signals/s beside 3 threads':36}{'handled':>10}{'missing':>10}{'deepest':>10}{'s':>8}"
    )
    for name, make in (("bare", bare), ("steplog", ours)):
        path = root / f"storm-{name}"
        write, handled, depth, deepest = make(path), 0, 0, 0

        def handler(*_: object) -> None:
            nonlocal handled, depth, deepest
            handled, depth = handled + 1, depth + 1
            deepest = max(deepest, depth)
            write()  # noqa: B023 - used in this round only
            depth -= 1

        before, began = signal.signal(signal.SIGALRM, handler), time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 1 / SIGNALS_A_SECOND, 1 / SIGNALS_A_SECOND)
        others = [threading.Thread(target=timed, args=(write, lines)) for _ in range(2)]
        for other in others:
            other.start()
        timed(write, lines)
        for other in others:
            other.join()
        signal.setitimer(signal.ITIMER_REAL, 0)
        took = time.monotonic() - began
        write()  # what the last handler has left to others
        signal.signal(signal.SIGALRM, before)
        files = path.iterdir() if path.is_dir() else [path]
        found = sum(file.read_bytes().count(b'"ev":"tool.end"') for file in files)
        print(f"{name:36}{handled:10}{3 * lines + handled + 1 - found:10}{deepest:10}{took:8.2f}")


def beside_a_stall(root: Path) -> None:
    print(
        f"\n{'event loop beside stalls of 0.4 s':36}{'calls':>10}{'p50 us':>10}{'p99 ms':>10}{'longest':>10}"
    )
    for name in ("bare", "steplog"):
        sink = Stalling(root / f"stalls-{name}")
        write = bare(sink.file, sink.write) if name == "bare" else ours(root, sink)
        took: list[int] = []

        def stall(write: Callable[[], object] = write, sink: Stalling = sink) -> None:
            for _ in range(4):
                time.sleep(STALL_S)
                sink.stalls = True
                write()  # this one is inside

        async def loop(write: Callable[[], object] = write, took: list[int] = took) -> None:
            inside = asyncio.get_running_loop().run_in_executor(None, stall)
            while not inside.done():
                took += timed(write, 1) if not sink.stalls else []  # noqa: B023 - used in this round only
                await asyncio.sleep(0.01)

        asyncio.run(loop())
        p50, p99 = percentile(took, 50), percentile(took, 99) / 1000
        print(f"{name:36}{len(took):10}{p50:10.1f}{p99:10.1f}{max(took) / 1e6:10.1f}")


def main(folder: str | None = None, lines: int = 20_000) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        root = Path(temporary)
        one_by_one(root, lines)
        many_threads(root, lines)
        signal_storm(root, lines)
        beside_a_stall(root)


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(n) for n in sys.argv[2:3]))
