"""Programs that run in a process of their own: for peak memory, and to be killed."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any

from stepbench.catalogue import WORK, variants_for
from stepbench.langchain_work import agent_of, asked
from stepbench.variant import Recording


def _started(workload: str, variant: str, folder: str) -> tuple[Any, Recording]:
    work = next(w for w in WORK if w.name == workload)
    chosen = next(v for v in variants_for(work) if v.name == variant)
    return work, chosen.start(Path(folder), work.mode)


def remember(workload: str, variant: str, folder: str, runs: str) -> None:
    """Print the most memory this process ever had, in KiB, after some runs."""
    work, recording = _started(workload, variant, folder)
    run = work.prepare()
    recording.on()
    for _ in range(int(runs)):
        run(recording.handlers)
    recording.flush()
    print(_high_water())


def _high_water() -> int:
    # `ru_maxrss` begins with that of the process that forked this one; the kernel's own mark begins with `exec`.
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def go_on(variant: str, folder: str) -> None:
    """Run five steps again and again, and print each run's name when it is over, until killed."""
    _, recording = _started("five-step", variant, folder)
    agent, number = agent_of(3), 0
    while True:
        name = f"run-{os.getpid()}-{number:06d}"
        agent.invoke(asked(f"{name}: how long is it?"), {"callbacks": recording.handlers, "run_name": name})
        os.write(1, f"{name}\n".encode())
        number += 1


if __name__ == "__main__":
    {"remember": remember, "go_on": go_on}[sys.argv[1]](*sys.argv[2:])
