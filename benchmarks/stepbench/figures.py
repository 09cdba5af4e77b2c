"""From samples to figures: medians, low percentiles, what a variant adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from stepbench.interleave import Samples


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@dataclass(frozen=True)
class Cost:
    """What a run takes under a variant, in microseconds.

    process: CPU of all threads of the process, sending what was queued included; main: CPU of the thread that runs the
    program. `added_*` are medians of the differences to the run without a handler in the same round, which ran fractions
    of a second away; `added_p10` compares the tenths of the runs that were disturbed least, by CPU of the process.
    """

    process: float
    wall: float
    added_process: float
    added_p10: float
    added_main: float
    added_wall: float
    runs: int


def costs(samples: dict[str, Samples], baseline: str = "none") -> dict[str, Cost]:
    """Each variant's figures."""
    base = samples[baseline]
    return {
        name: Cost(
            process=median(own.process),
            wall=median(own.wall),
            added_process=_added(own.process, base.process, own.block),
            added_p10=percentile(own.process, 10) - percentile(base.process, 10),
            added_main=_added(own.main, base.main, own.block),
            added_wall=_added(own.wall, base.wall, own.block),
            runs=len(own.wall),
        )
        for name, own in samples.items()
    }


def _added(own: Sequence[float], base: Sequence[float], block: int) -> float:
    """The median over the rounds of what a variant's two blocks took more than the baseline's two."""
    mine, others = _rounds(own, block), _rounds(base, block)
    return median(a - b for a, b in zip(mine, others, strict=True))


def _rounds(values: Sequence[float], block: int) -> list[float]:
    blocks = [median(values[i : i + block]) for i in range(0, len(values), block)]
    return [mean(blocks[i : i + 2]) for i in range(0, len(blocks), 2)]
