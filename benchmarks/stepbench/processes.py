"""What is measured from outside: peak memory, time to import, time to start, what a `kill -9` leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_HERE = Path(__file__).parents[1]
_LOADED = "import langchain_core.callbacks.manager, langchain_core.messages, langchain_core.tracers.context"
_TIMED = "import time; t = time.perf_counter(); {}; print(1e3 * (time.perf_counter() - t))"


def peak_memory(workload: str, variant: str, runs: int) -> float:
    """MiB at the peak of a process that does nothing else, or nan where the variant cannot run."""
    with tempfile.TemporaryDirectory(prefix="stepbench-") as folder:
        args = ["-m", "stepbench.child", "remember", workload, variant, folder, str(runs)]
        done = subprocess.run([sys.executable, *args], cwd=_HERE, capture_output=True, text=True, check=False)
    return float("nan") if done.returncode else int(done.stdout.split()[-1]) / 1024


def import_time(module: str, times: int) -> float:
    """Median ms that `import module` takes where langchain_core is loaded already."""
    code = f"{_LOADED}; {_TIMED.format(f'import {module}')}"
    with _compiled() as environment:
        _output(["-c", code], environment)
        return median(float(_output(["-c", code], environment)) for _ in range(times))


def start_time(arguments: list[str], times: int) -> float:
    """Median wall time in ms of the interpreter with these arguments."""
    found: list[float] = []
    with _compiled() as environment:
        _output(arguments, environment)
        for _ in range(times):
            begin = time.perf_counter()
            _output(arguments, environment)
            found.append(1e3 * (time.perf_counter() - begin))
    return median(found)


@contextmanager
def _compiled() -> Iterator[dict[str, str]]:
    """An environment in which modules are compiled once, wherever they are from, as those of an installed package are."""
    with tempfile.TemporaryDirectory(prefix="stepbench-") as cache:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        yield environment | {"PYTHONPYCACHEPREFIX": cache}


@dataclass(frozen=True)
class Survival:
    """Runs that were over before the process was killed, and how many of these the files tell of."""

    acknowledged: int
    found: int


def survival(variant: str, runs: int) -> Survival | None:
    """Kill a process once it has said that `runs` runs are over, and look for them; None where it cannot run."""
    with tempfile.TemporaryDirectory(prefix="stepbench-") as folder:
        args = [sys.executable, "-m", "stepbench.child", "go_on", variant, folder]
        process = subprocess.Popen(
            args, cwd=_HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        names = [line.strip() for line, _ in zip(process.stdout, range(runs), strict=False)]
        process.send_signal(signal.SIGKILL)
        names += [line.strip() for line in process.stdout]  # said before the signal came
        process.wait()
        if len(names) < runs:
            return None
        kept = b"".join(_content(path) for path in Path(folder).rglob("*") if path.is_file())
    return Survival(len(names), sum(name.encode() in kept for name in names))


def _content(path: Path) -> bytes:
    if path.suffix != ".parquet":
        return path.read_bytes()
    import pyarrow.parquet as pq  # only where the logger that writes these is installed

    return str(pq.read_table(path).to_pylist()).encode()


def _output(arguments: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=_HERE, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout
