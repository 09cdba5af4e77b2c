"""One workload under all its variants, in this process."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stepbench.catalogue import variants_for
from stepbench.figures import Cost, costs
from stepbench.hook_times import Growth, HookTimes, growth, hook_times
from stepbench.interleave import interleave
from stepbench.variant import Recording, Skipped, Variant, size_of
from stepbench.workload import RunOnce, Workload


@dataclass
class Study:
    """What was found for a workload, by variant; and why variants were left out."""

    work: Workload
    costs: dict[str, Cost] = field(default_factory=dict)
    bytes_a_run: dict[str, float] = field(default_factory=dict)
    hooks: dict[str, HookTimes] = field(default_factory=dict)
    growth: dict[str, Growth] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        work = {
            "name": self.work.name,
            "says": self.work.says,
            "unit": self.work.unit,
            "units": self.work.units,
        }
        found = {
            "costs": self.costs, "hooks": self.hooks, "growth": self.growth,
        }  # fmt: skip
        plain = {name: {k: asdict(v) for k, v in values.items()} for name, values in found.items()}
        return {"work": work, **plain, "bytes_a_run": self.bytes_a_run, "skipped": self.skipped}


def study(work: Workload, *, is_quick: bool) -> Study:
    """Measure a workload."""
    found = Study(work)
    with tempfile.TemporaryDirectory(prefix="stepbench-") as folder:
        try:
            run = work.prepare()
        except Skipped as why:
            found.skipped["(workload)"] = str(why)
            return found
        folders = {v.name: Path(folder) / str(n) for n, v in enumerate(variants_for(work))}
        recordings = _start(variants_for(work), work, folders, found)
        rounds = max(2, work.rounds // 3) if is_quick else work.rounds
        before = {name: _size(r, folders[name]) for name, r in recordings.items()}
        samples = interleave(run, recordings, rounds=rounds, block=work.block)
        found.costs = costs(samples)
        for name, recording in recordings.items():
            runs = len(samples[name].wall) + samples[name].warm_up
            found.bytes_a_run[name] = (_size(recording, folders[name]) - before[name]) / runs
        _hooks(found, run, recordings, is_quick=is_quick)
        for recording in recordings.values():
            recording.close()
    return found


def _start(
    variants: list[Variant], work: Workload, folders: dict[str, Path], found: Study
) -> dict[str, Recording]:
    recordings: dict[str, Recording] = {}
    for variant in variants:
        folders[variant.name].mkdir()
        try:
            recordings[variant.name] = variant.start(folders[variant.name], work.mode)
        except Skipped as why:
            found.skipped[variant.name] = str(why)
    return recordings


def _size(recording: Recording, folder: Path) -> int:
    return recording.size() if recording.size is not None else size_of(folder)


def _hooks(found: Study, run: RunOnce, recordings: dict[str, Recording], *, is_quick: bool) -> None:
    work = found.work
    if work.name == "long-agent":
        found.growth = growth(run, recordings, 2 if is_quick else 8)
        return
    runs = 20 if is_quick else 150
    found.hooks = hook_times(run, recordings, work.mode, runs if work.block > 1 else 4)
