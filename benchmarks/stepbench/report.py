"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stepbench.probes import Probes
from stepbench.study import Study
from stepbench.targets import Verdict

_BEGIN, _END = "<!-- figures -->", "<!-- /figures -->"


def markdown(
    machine: str, studies: Mapping[str, Study], probes: Probes | None, found: Sequence[Verdict]
) -> str:
    """All tables."""
    parts = [f"{machine}\n"]
    if found:
        parts.append("\n".join(_targets(found)))
    parts += ["\n".join(_study(study)) for study in studies.values()]
    if probes is not None:
        parts.append("\n".join(_probes(probes)))
    return "\n\n".join(parts)


def put_into(path: Path, text: str) -> None:
    """Write the tables to a file; between its marks where it has them, as this folder's README does."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if _BEGIN in old:
        before, _, rest = old.partition(_BEGIN)
        text = f"{before}{_BEGIN}\n\n{text}\n\n{_END}{rest.partition(_END)[2]}"
    path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")


def _targets(found: Sequence[Verdict]) -> Iterator[str]:
    yield "### Targets\n"
    yield "| target | found | at most | | by medians of runs | by their p10 |"
    yield "|---|--:|--:|---|--:|--:|"
    for v in found:
        beside = ["" if by is None else f"{by:.2f}{v.unit}" for by in (v.by_run, v.by_p10)]
        word = "pass" if v.is_met else "**miss**"
        yield f"| {v.target} | {v.found:.2f}{v.unit} | {v.most:g}{v.unit} | {word} | {beside[0]} | {beside[1]} |"


def _study(study: Study) -> Iterator[str]:
    work = study.work
    yield f"### {work.name}: {work.says}\n"
    if "none" in study.costs:
        none = study.costs["none"]
        yield f"Without a handler: {none.process:.0f} us of CPU, {none.wall:.0f} us of wall time a run. Added to that, in us:\n"
    yield f"| variant | CPU | p10 | a {work.unit} | main thread | wall | hooks' own CPU | hook p50 | hook p99 | bytes a run |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for name, cost in study.costs.items():
        if name == "none":
            continue
        hooks = study.hooks.get(name)
        times = " | | " if hooks is None else f"{hooks.cpu_a_run_p10:.0f} | {hooks.p50:.1f} | {hooks.p99:.0f}"
        yield (f"| {name} | {cost.added_process:.0f} | {cost.added_p10:.0f} | {cost.added_process / work.units:.1f} "
               f"| {cost.added_main:.0f} | {cost.added_wall:.0f} | {times} | {study.bytes_a_run[name]:.0f} |")  # fmt: skip
    if study.growth:
        yield "\n| variant | hooks' CPU at turn 10, us | at turn 160, us | more |\n|---|--:|--:|--:|"
        for name, grown in study.growth.items():
            yield f"| {name} | {grown.turn_10:.0f} | {grown.turn_160:.0f} | {grown.percent:.0f} % |"
    for name, why in study.skipped.items():
        yield f"\nLeft out: {name} ({why})."


def _probes(probes: Probes) -> Iterator[str]:
    yield "### From outside\n"
    yield (f"`import langchain_steplog` where langchain_core is loaded: {probes.import_ms:.0f} ms. `steplog --help`: "
           f"{probes.help_ms:.0f} ms, of which the interpreter takes {probes.bare_ms:.0f}.\n")  # fmt: skip
    yield "| variant | peak MiB, one 160-turn run | peak MiB, many five-step runs | runs over at kill -9 | of these in the files |"
    yield "|---|--:|--:|--:|--:|"
    for name in (*probes.memory_long, *(n for n in probes.survival if n not in probes.memory_long)):
        lived = probes.survival.get(name)
        kept = " | " if lived is None else f"{lived.acknowledged} | {lived.found}"
        memory = [f"{of[name]:.1f}" if name in of else "" for of in (probes.memory_long, probes.memory_many)]
        yield f"| {name} | {' | '.join(memory)} | {kept} |"
