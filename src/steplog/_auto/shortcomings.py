"""What was not seen of a program's runs, or not well, each with its cure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steplog._ask.prices import INSTALL, tariff
from steplog._ask.said import model_of
from steplog._read import LogError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steplog._read import Run
    from steplog._read.health import Health

_CURES: Final = {
    "lost_config": "pass the config on to the inner call: inner.invoke(x, config)",
    "recorded_twice": "one recorder is enough: drop the handler in the program, or steplog run",
    "no_usage": "ask the model for its token counts (LangChain: stream_usage=True)",
    "cut": "set what is named, or live with the kept beginning and end",
}
_BY_HAND: Final = "a client called by itself is not seen: put a steplog.Recorder around it"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that was not seen, or not well: `kind` is one word for programs, `text` what it is, `cure` the way out."""

    kind: str
    text: str
    cure: str


def missing_of(runs: Sequence[Run], healths: Sequence[Health]) -> list[Missing]:
    """What is missing of these runs, whose segments were examined, the worst first; each kind is said once."""
    ids = {run.id for run in runs}
    found = [
        Missing(finding.kind, finding.text, _CURES.get(finding.kind, "steplog doctor"))
        for health in healths
        for finding in health.findings
        if not finding.runs or ids & set(finding.runs)
    ]
    lost = [each for health in healths for each in _lost(health)]
    every = [*lost, *_of_runs(runs), *found, *_unpriced(runs)]
    return list({(one.kind, one.text): one for one in every}.values())


def _lost(health: Health) -> Iterator[Missing]:
    if health.has_losses:
        yield Missing("lost", "lines of the log are missing or damaged", "steplog doctor says which, and why")
    if health.faults:
        where = health.faults[-1].get("where")
        yield Missing("fault", f"steplog itself failed in {where}", "tell us: steplog doctor --environment")


def _of_runs(runs: Sequence[Run]) -> Iterator[Missing]:
    endless = [run for run in runs if run.status in ("crashed", "unfinished", "running")]
    if endless:
        text = f"{len(endless)} of {len(runs)} runs have no end, as their process was killed or goes on"
        yield Missing("no_end", text, "steplog postmortem @last says what was under way")
    if not any(run.totals.get("llm_calls") for run in runs):
        yield Missing("no_model_call", "no model call was seen", _BY_HAND)
    kept = {str(run.writer.get("content")) for run in runs} - {"full", "None"}
    if kept:
        text = f"contents were left out (content={', '.join(sorted(kept))})"
        yield Missing("no_content", text, "--content full keeps them")


def _unpriced(runs: Sequence[Run]) -> Iterator[Missing]:
    """Models that told their tokens and have no price."""
    models = {model_of(step) for run in runs for step in run.steps if step.kind == "llm" and step.usage}
    try:
        unknown = sorted(
            name for name in models if isinstance(why := tariff(name, ""), str) and why != INSTALL
        )
    except LogError as error:
        yield Missing("bad_prices", str(error), "mend [tool.steplog.prices]")
        return
    if unknown:
        text = f"no price is known for {', '.join(unknown)}"
        yield Missing("no_price", text, "[tool.steplog.prices] in pyproject.toml")


def why_nothing(code: int, path: str, told: Sequence[dict[str, list[str]] | None]) -> Missing:
    """Why there is no run at all, by what the program's processes said of themselves."""

    def all_of(what: str) -> list[str]:
        return sorted({each for one in told if one for each in one[what]})

    elsewhere = [log for log in all_of("logs") if log != path]
    if elsewhere:
        return Missing(
            "elsewhere",
            f"it was recorded to {elsewhere[0]}, where the program itself says",
            f"steplog show @last -p {elsewhere[0]}",
        )
    refused = _refused(path)
    if refused and told:
        return Missing("no_place", f"nothing was recorded: {refused}", "another place: --path DIR")
    return _before_any_run(code, all_of("frameworks"), all_of("deaf"), all_of("clients"), told)


def _before_any_run(
    code: int,
    frameworks: list[str],
    deaf: list[str],
    clients: list[str],
    told: Sequence[dict[str, list[str]] | None],
) -> Missing:
    nothing = "nothing was recorded:"
    if not told:
        text = f"{nothing} no Python that has steplog was reached"
        return Missing("unreached", text, "install steplog and its adapter for the program's own Python")
    if deaf:
        return Missing("no_adapter", f"{nothing} an adapter is missing", f'pip install "{deaf[0]}"')
    if code:
        text = f"{nothing} the program ended with exit code {code} before its first run"
        return Missing("failed_early", text, "mend what it says above, and try again")
    if clients:
        text = f"{nothing} of {' and '.join(clients)} there is no adapter"
        return Missing("client_only", text, _BY_HAND)
    if not frameworks:
        text = f"{nothing} the program imported neither LangChain nor LlamaIndex"
        return Missing("no_framework", text, "record it by hand: steplog.Recorder")
    text = f"{nothing} {' and '.join(frameworks)} was imported, but no agent, chain or model of it ran"
    return Missing("nothing_ran", text, "let the program call its agent once")


def _refused(path: str) -> str:
    """Why a log cannot be written at `path`; empty if it can."""
    place = Path(path)
    while not place.exists() and place.parent != place:
        place = place.parent
    if place.is_file() and place != Path(path):
        return f"{place} is a file, so {path} cannot be made"
    return "" if os.access(place, os.W_OK) else f"{place} cannot be written"
