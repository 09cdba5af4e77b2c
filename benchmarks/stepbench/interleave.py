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
    """One variant's measurements in microseconds, one of each kind for each run.

    `process` has a run's part of the flush after its block.
    """

    block: int
    wall: list[float] = field(default_factory=list)
    main: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)
    warm_up: int = 0


def interleave(
    run: RunOnce, recordings: Mapping[str, Recording], *, rounds: int, block: int, warm_up: int = 2
) -> dict[str, Samples]:
    """Run each variant `2 * rounds` blocks of `block` runs: A B C, C B A, A B C and so on."""
    samples = {name: Samples(block) for name in recordings}
    for name, recording in recordings.items():
        _block(run, recording, warm_up * block, Samples(block))
        samples[name].warm_up = warm_up * block
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
    begun = len(into.process)
    try:
        for _ in range(runs):
            process, main, wall = time.process_time_ns(), time.thread_time_ns(), time.perf_counter_ns()
            run(recording.handlers)
            into.wall.append((time.perf_counter_ns() - wall) / 1e3)
            into.main.append((time.thread_time_ns() - main) / 1e3)
            into.process.append((time.process_time_ns() - process) / 1e3)
        process = time.process_time_ns()
        recording.flush()
        sent = (time.process_time_ns() - process) / 1e3 / runs
    finally:
        recording.off()
    into.process[begun:] = [cpu + sent for cpu in into.process[begun:]]
    gc.collect(0)
