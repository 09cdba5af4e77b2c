"""How long single hooks take, and whether a turn costs more when the history is long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from stepbench.figures import percentile
from stepbench.hooks import Call, time_hooks
from stepbench.variant import Mode
from stepbench.workload import RunOnce


@dataclass(frozen=True)
class HookTimes:
    """Microseconds of one call of a hook in the thread, or the event loop, of the program; by hook the median of CPU."""

    hooks_a_run: float
    p50: float
    p99: float
    worst: float
    cpu_p50: float
    cpu_p99: float
    share_in_main: float
    cpu_by_hook: dict[str, float]


def hook_times(run: RunOnce, handlers: Sequence[Any], mode: Mode, runs: int) -> HookTimes | None:
    """Figures of the first handler's hooks over some runs; None where there is no handler."""
    calls = _calls(run, handlers, mode, runs)
    if not calls:
        return None
    own = [call for call in calls if call.is_in_main] or calls
    wall, cpu = [call.wall for call in own], [call.cpu for call in own]
    return HookTimes(
        hooks_a_run=len(calls) / runs,
        p50=median(wall),
        p99=percentile(wall, 99),
        worst=max(wall),
        cpu_p50=median(cpu),
        cpu_p99=percentile(cpu, 99),
        share_in_main=sum(call.is_in_main for call in calls) / len(calls),
        cpu_by_hook=_by_hook(calls),
    )


@dataclass(frozen=True)
class Growth:
    """CPU in microseconds that hooks take per turn: around turn 10, and at the end of 160."""

    turn_10: float
    turn_160: float

    @property
    def percent(self) -> float:
        """How much more a late turn costs."""
        return 100 * (self.turn_160 / self.turn_10 - 1)


def growth(run: RunOnce, handlers: Sequence[Any], runs: int) -> Growth | None:
    """What hooks take in turns 6 to 15 and 150 to 159 of a 160-turn run: medians by turn over runs, then the mean."""
    if not handlers:
        return None
    found = [_turns(_calls(run, handlers, "sync", 1)) for _ in range(runs)]
    usual = [median(turn) for turn in zip(*found, strict=True)]
    return Growth(mean(usual[5:15]), mean(usual[149:159]))


def _by_hook(calls: list[Call]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for call in calls:
        found.setdefault(call.hook, []).append(call.cpu)
    return {hook: median(times) for hook, times in found.items()}


def _turns(calls: list[Call]) -> list[float]:
    turns: list[float] = []
    for call in calls:
        if call.hook == "on_chat_model_start":
            turns.append(0.0)
        if turns:
            turns[-1] += call.cpu
    return turns


def _calls(run: RunOnce, handlers: Sequence[Any], mode: Mode, runs: int) -> list[Call]:
    if not handlers:
        return []
    calls, undo = time_hooks(handlers[0], mode)
    try:
        for _ in range(runs):
            run(list(handlers))
    finally:
        undo()
    return calls
