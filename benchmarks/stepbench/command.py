"""The benchmark's command line."""

from __future__ import annotations

import tempfile
from pathlib import Path

from stepbench.figures import costs
from stepbench.interleave import interleave
from stepbench.langchain_variants import VARIANTS
from stepbench.workload import LANGCHAIN


def main() -> None:
    """First numbers: the five-step run."""
    work = LANGCHAIN[0]
    run = work.prepare()
    with tempfile.TemporaryDirectory() as folder:
        recordings = {}
        for n, variant in enumerate(VARIANTS):
            own = Path(folder) / str(n)
            own.mkdir()
            recordings[variant.name] = variant.start(own, work.mode)
        samples = interleave(run, recordings, rounds=25, block=work.block)
        for recording in recordings.values():
            recording.close()
    print(
        "| variant | added main CPU, us/run | (p10) | us/hook | added wall, us/run | added process CPU, us/run |"
    )
    print("|---|--:|--:|--:|--:|--:|")
    for name, c in costs(samples).items():
        print(f"| {name} | {c.added_main:.0f} | {c.added_main_p10:.0f} | {c.added_main / work.units:.1f} "
              f"| {c.added_wall:.0f} | {c.added_process:.0f} |")  # fmt: skip
    print(f"\nwithout a handler: {costs(samples)['none'].main:.0f} us CPU a run")
