"""How long single hooks take, and whether a turn costs more when the history is long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean, median

from stepbench.figures import percentile
from stepbench.hooks import Call, time_hooks
from stepbench.variant import Mode, Recording
from stepbench.workload import RunOnce

_TURN = 5  # runs of one variant in a row


@dataclass(frozen=True)
class HookTimes:
    """Microseconds of one call of a hook in the thread, or the event loop, of the program; by hook the median of CPU.

    cpu_a_run: CPU of all hooks of a run, in whatever thread; the median of the runs, and the tenth percentile.
    """

    hooks_a_run: float
    cpu_a_run: float
    cpu_a_run_p10: float
    p50: float
    p99: float
    worst: float
    cpu_p50: float
    cpu_p99: float
    share_in_main: float
    cpu_by_hook: dict[str, float]


def hook_times(
    run: RunOnce, recordings: Mapping[str, Recording], mode: Mode, runs: int
) -> dict[str, HookTimes]:
    """Figures of the recorders' hooks over some runs each, in turns as in `interleave`; without those that have none."""
    order = [name for name, recording in recordings.items() if recording.hooked]
    found: dict[str, list[list[Call]]] = {name: [] for name in order}
    while order and len(found[order[0]]) < runs:
        for name in (*order, *reversed(order)):
            found[name] += _calls(run, recordings[name], mode, min(_TURN, runs))
            recordings[name].flush()
    return {name: _figures(calls) for name, calls in found.items() if any(calls)}


def _figures(found: list[list[Call]]) -> HookTimes:
    calls = [call for one in found for call in one]
    sums = [sum(call.cpu for call in one) for one in found]
    own = [call for call in calls if call.is_in_main] or calls
    wall, cpu = [call.wall for call in own], [call.cpu for call in own]
    return HookTimes(
        hooks_a_run=len(calls) / len(found),
        cpu_a_run=median(sums),
        cpu_a_run_p10=percentile(sums, 10),
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


def growth(run: RunOnce, recordings: Mapping[str, Recording], runs: int) -> dict[str, Growth]:
    """What hooks take in turns 6 to 15 and 150 to 159 of a 160-turn run: the least by turn of some runs, then the mean."""
    found: dict[str, list[list[float]]] = {name: [] for name, one in recordings.items() if one.hooked}
    for _ in range(runs):
        for name, turns in found.items():
            turns += [_turns(calls) for calls in _calls(run, recordings[name], "sync", 1)]
    usual = {
        name: [min(turn) for turn in zip(*turns, strict=True)] for name, turns in found.items() if all(turns)
    }
    return {name: Growth(mean(turns[5:15]), mean(turns[149:159])) for name, turns in usual.items()}


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


def _calls(run: RunOnce, recording: Recording, mode: Mode, runs: int) -> list[list[Call]]:
    if not recording.hooked:
        return []
    found: list[list[Call]] = []
    recording.on()
    calls, undo = time_hooks(recording.hooked, mode)
    try:
        for _ in range(runs):
            begun = len(calls)
            run(recording.handlers)
            found.append(calls[begun:])
    finally:
        undo()
        recording.off()
    return found
