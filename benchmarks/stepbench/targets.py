"""The project's targets, as ratios within one run of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stepbench.catalogue import variants_for
from stepbench.probes import Probes
from stepbench.study import Study


@dataclass(frozen=True)
class Verdict:
    """A target, what was found (beside it, by p10), and the most it may be."""

    target: str
    found: float
    by_p10: float | None
    most: float
    unit: str = "x"

    @property
    def is_met(self) -> bool:
        """Whether what was found is within the target, by the median."""
        return self.found <= self.most


def verdicts(studies: Mapping[str, Study], probes: Probes | None) -> list[Verdict]:
    """Every target that this run has the figures for."""
    found = [*_five_steps(studies.get("five-step")), *_others(studies)]
    if probes is not None:
        found.append(
            Verdict("import langchain_steplog beside langchain_core", probes.import_ms, None, 40, " ms")
        )
        found.append(
            Verdict("steplog --help, the interpreter's start included", probes.help_ms, None, 150, " ms")
        )
    return found


def _five_steps(study: Study | None) -> Iterator[Verdict]:
    if study is None or "floor" not in study.costs:
        return
    yield _ratio(study, "five steps, full content: added CPU to the floor's", "steplog full", "floor", 1.6)
    yield _ratio(study, "five steps, metadata only: to the floor's", "steplog none", "floor", 1.3)
    peers = [v.name for v in variants_for(study.work) if v.is_peer and v.is_full and v.name in study.costs]
    if peers:
        cheapest = min(peers, key=lambda name: study.costs[name].added_process)
        yield _ratio(study, f"five steps, full content: to the cheapest full-capture peer's ({cheapest})", "steplog full",
                     cheapest, 0.25)  # fmt: skip


def _others(studies: Mapping[str, Study]) -> Iterator[Verdict]:
    if (stream := studies.get("stream")) is not None:
        yield _ratio(stream, "a streamed token: added CPU to a no-op handler's", "steplog full", "no-op", 1.3)
    if (long := studies.get("long-agent")) is not None and "steplog full" in long.growth:
        yield Verdict("160 turns: hooks' CPU at turn 160 more than at turn 10", long.growth["steplog full"].percent, None,
                      20, " %")  # fmt: skip
    if (fifty := studies.get("fifty-async")) is not None and "steplog full" in fifty.hooks:
        p99 = fifty.hooks["steplog full"].p99
        yield Verdict("50 async runs: p99 of a hook in the event loop", p99, None, 1000, " us")
    if (llama := studies.get("llama-agent")) is not None and "steplog full" in llama.costs:
        yield _ratio(
            llama, "LlamaIndex agent, full content: added CPU to its floor's", "steplog full", "floor", 1.6
        )


def _ratio(study: Study, target: str, above: str, below: str, most: float) -> Verdict:
    one, other = study.costs[above], study.costs[below]
    return Verdict(target, one.added_process / other.added_process, one.added_p10 / other.added_p10, most)
