"""The project's targets, as ratios within one run of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stepbench.catalogue import variants_for
from stepbench.probes import Probes
from stepbench.study import Study


@dataclass(frozen=True)
class Verdict:
    """A target, what was found (beside it, by the whole run and its p10), and the most it may be."""

    target: str
    found: float
    most: float
    unit: str = "x"
    by_run: float | None = None
    by_p10: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether what was found is within the target; a ratio below zero is noise."""
        return 0 < self.found <= self.most or (self.unit == " %" and self.found <= self.most)


def verdicts(studies: Mapping[str, Study], probes: Probes | None) -> list[Verdict]:
    """Every target that this run has the figures for."""
    found = [*_five_steps(studies.get("five-step")), *_others(studies)]
    if probes is not None:
        found.append(Verdict("import langchain_steplog beside langchain_core", probes.import_ms, 40, " ms"))
        found.append(Verdict("steplog --help, the interpreter's start included", probes.help_ms, 150, " ms"))
    return found


def _five_steps(study: Study | None) -> Iterator[Verdict]:
    if study is None or "floor" not in study.costs:
        return
    yield _ratio(study, "five steps, full content: added CPU to the floor's", "steplog full", "floor", 1.6)
    yield _ratio(study, "five steps, metadata only: to the floor's", "steplog none", "floor", 1.3)
    peers = [v.name for v in variants_for(study.work) if v.is_peer and v.is_full and v.name in study.costs]
    if peers:
        cheapest = min(peers, key=lambda name: study.costs[name].added_p10)
        yield _ratio(study, f"five steps, full content: to the cheapest full-capture peer's ({cheapest})", "steplog full",
                     cheapest, 0.25)  # fmt: skip


def _others(studies: Mapping[str, Study]) -> Iterator[Verdict]:
    if (stream := studies.get("stream")) is not None and "steplog full" in stream.hooks:
        yield _a_token(stream)
    if (long := studies.get("long-agent")) is not None and "steplog full" in long.growth:
        yield Verdict("160 turns: hooks' CPU at turn 160 more than at turn 10", long.growth["steplog full"].percent,
                      20, " %")  # fmt: skip
    if (fifty := studies.get("fifty-async")) is not None and "steplog full" in fifty.hooks:
        times = fifty.hooks["steplog full"]
        yield Verdict("50 async runs: p99 of a hook in the event loop, wall time", times.p99, 1000, " us")
        yield Verdict(
            "the same, its CPU: without what the machine and other threads take", times.cpu_p99, 1000, " us"
        )
    if (llama := studies.get("llama-agent")) is not None and "steplog full" in llama.costs:
        yield _ratio(
            llama, "LlamaIndex agent, full content: added CPU to its floor's", "steplog full", "floor", 1.6
        )


def _a_token(study: Study) -> Verdict:
    """By what LangChain takes to call a no-op handler for a token, and the difference of the two hooks' own CPU."""
    noop, full = study.costs["no-op"], study.costs["steplog full"]
    calling = max(noop.added_process, noop.added_p10) / study.work.units
    own = [study.hooks[name].cpu_by_hook["on_llm_new_token"] for name in ("steplog full", "no-op")]
    return Verdict(
        "a streamed token: CPU to a no-op handler's",
        (calling + own[0] - own[1]) / calling,
        1.3,
        by_run=full.added_process / noop.added_process,
        by_p10=full.added_p10 / noop.added_p10,
    )


def _ratio(study: Study, target: str, above: str, below: str, most: float) -> Verdict:
    """By the hooks' own CPU and what the framework takes to call hooks at all; by differences of runs where that is all."""
    one, other = study.costs[above], study.costs[below]
    by_run, by_p10 = one.added_process / other.added_process, one.added_p10 / other.added_p10
    timed = [study.hooks.get(name) for name in (above, below)]
    is_peer = any(v.is_peer and v.name == below for v in variants_for(study.work))
    if below == "no-op" or is_peer or None in timed:
        # Of a peer the hooks are not all: it sends in the background. Of a hook that does nothing they are nothing.
        return Verdict(target, by_p10, most, by_run=by_run, by_p10=by_p10)
    # The lesser, which makes the target harder: in long runs either may be the machine's and not the framework's.
    noop = study.costs["no-op"]
    calling = max(0.0, min(noop.added_process, noop.added_p10))
    found = [calling + times.cpu_a_run_p10 for times in timed if times is not None]
    return Verdict(target, found[0] / found[1], most, by_run=by_run, by_p10=by_p10)
