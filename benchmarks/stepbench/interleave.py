"""Times runs of many variants in turn, forwards and backwards, so that what the machine does meets all alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from stepbench.variant import Recording
from stepbench.workload import RunOnce


@dataclass
class Samples:
    """One variant's measurements in microseconds a run: `wall` and `main` for each run, `process` for each block of runs."""

    block: int
    wall: list[float] = field(default_factory=list)
    main: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)
    runs: int = 0


def interleave(
    run: RunOnce, recordings: Mapping[str, Recording], *, rounds: int, block: int, warm_up: int = 2
) -> dict[str, Samples]:
    """Run each variant `2 * rounds` blocks of `block` runs: A B C, C B A, A B C and so on."""
    samples = {name: Samples(block) for name in recordings}
    for recording in recordings.values():
        _block(run, recording, warm_up * block, Samples(block))
    gc.collect()
    gc.freeze()  # what the imports made is not collected again and again on somebody's account
    order = list(recordings)
    for _ in range(rounds):
        for name in (*order, *reversed(order)):
            _block(run, recordings[name], block, samples[name])
    gc.unfreeze()
    return samples


def _block(run: RunOnce, recording: Recording, runs: int, into: Samples) -> None:
    recording.on()
    try:
        cpu = time.process_time_ns()
        for _ in range(runs):
            main, wall = time.thread_time_ns(), time.perf_counter_ns()
            run(recording.handlers)
            into.wall.append((time.perf_counter_ns() - wall) / 1e3)
            into.main.append((time.thread_time_ns() - main) / 1e3)
        recording.flush()
        into.process.append((time.process_time_ns() - cpu) / 1e3 / runs)
        into.runs += runs
    finally:
        recording.off()
    gc.collect(0)
