"""Versions of agents, told from the log: another prompt, other tools, another model or other parameters make one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import comb
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.agent_calls import Call, agent_calls
from steplog._ask.prompt_words import text_of_words, words_of
from steplog._ask.templates import templates
from steplog._read.errors import Ambiguous, NotFound
from steplog._read.runs.fingerprints import fingerprint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from steplog._read.log import Log

_CHANCE: Final = 0.01  # above which a higher share of failed runs may be chance
_LEAST_RISE: Final = 0.05
_ENOUGH: Final = 20
PARTS: Final = ("prompt", "tools", "model", "parameters")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an agent: as what its model was called in `runs` runs from `first` to `last` (times as in the log).

    `agent` is the agent's name, with its node behind a slash where it calls models in several. `number` counts its versions
    from 1, `fingerprint` is the same as long as the version is. `prompt` is its system prompt with `‹…›` where something is
    put in, `tools` the definitions by name, `parameters` as JSON. `changed` says what differs from the version before.
    `failed` runs had an error that began in the agent; `before` are runs and failed runs of the version before (and of those
    before it, where it ran less than 20 times), `rose` says that more fail than chance explains. `run` and `step` are an example: the newest call.
    """

    agent: str
    number: int
    fingerprint: str
    model: str
    parameters: str
    prompt: str
    tools: dict[str, str]
    runs: int
    failed: int
    first: str
    last: str
    changed: tuple[str, ...]
    before: tuple[int, int]
    rose: bool
    run: str
    step: int
    calls: tuple[Call, ...] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """The version as plain JSON; absent what is unknown."""
        found = {
            name: getattr(self, name) for name in self.__slots__ if name not in ("calls", "before", "changed")
        }
        found["changed"] = list(self.changed)
        found["rose"] = self.rose or None
        return {name: value for name, value in found.items() if value not in (None, "", [], {})}

    @property
    def name(self) -> str:
        """What people call it: `support v3`."""
        return f"{self.agent} v{self.number}"

    @property
    def sentence(self) -> str:
        """That more runs fail since this version, and what changed with it; empty if that is not so."""
        if not self.rose:
            return ""
        runs, failed = self.before
        why = ", ".join(self.changed) or "nothing that the log tells"
        return (
            f"errors rose with {self.name} ({self.fingerprint}): {self.failed} of {self.runs} runs failed, "
            f"before it {failed} of {runs}; what changed: {why}"
        )


def versions(log: Log, *, runs: Collection[str] | None = None) -> list[Version]:
    """The versions of each agent of the log, in order of time; with `runs` only as they were in runs of these ids.

    What is put into a prompt (dates, ids, names, what a user says) makes no version, as far as several runs tell it apart.
    """
    by_place: dict[tuple[str, str], list[Call]] = {}
    for call in agent_calls(log, runs):
        by_place.setdefault(call.place, []).append(call)
    agents = [agent for agent, _ in by_place]
    found: list[Version] = []
    for (agent, node), calls in by_place.items():
        name = f"{agent}/{node}" if node and agents.count(agent) > 1 else agent
        found += _of_place(name or "(no name)", sorted(calls, key=_when))
    return found


def _when(call: Call) -> str:
    return call.ts


def _of_place(agent: str, calls: Sequence[Call]) -> list[Version]:
    texts: dict[int, tuple[int, str]] = {}
    for number, template in enumerate(templates([call.prompt for call in calls])):
        texts |= dict.fromkeys(template.members, (number, template.skeleton.text))
    groups: dict[tuple[Any, ...], list[Call]] = {}
    shown: dict[tuple[Any, ...], str] = {}
    for at, call in enumerate(calls):
        tools = tuple((name, _steady(text)) for name, text in call.tools)
        key = (texts[at][0], tools, call.model, _steady(call.params))
        groups.setdefault(key, []).append(call)
        shown[key] = texts[at][1]
    found: list[Version] = []
    for key, members in groups.items():
        found.append(_version(agent, key, shown[key], members, found))
    return found


def _steady(text: str) -> str:
    """A text without dates and ids."""
    return text_of_words(words_of(text))


def _version(
    agent: str, key: tuple[Any, ...], prompt: str, calls: Sequence[Call], before: Sequence[Version]
) -> Version:
    newest, runs = calls[-1], {(call.run, call.nth) for call in calls}
    failed = {(call.run, call.nth) for call in calls if call.has_failed}
    version = Version(
        agent=agent,
        number=len(before) + 1,
        fingerprint=fingerprint(agent, prompt, *map(str, key[1:])),
        model=newest.model,
        parameters=newest.params,
        prompt=prompt,
        tools=dict(newest.tools),
        runs=len(runs),
        failed=len(failed),
        first=calls[0].ts,
        last=newest.ts,
        changed=(),
        before=_before(before),
        rose=False,
        run=newest.run,
        step=newest.step,
        calls=tuple(calls),
    )
    changed = tuple(_changes(before[-1], version)) if before else ()
    return replace(version, changed=changed, rose=_rises(version))


def _before(versions_: Sequence[Version]) -> tuple[int, int]:
    """The runs and failed runs of the version before, and of those before it until they are enough to compare with."""
    runs = failed = 0
    for each in reversed(versions_):
        if runs >= _ENOUGH:
            break
        runs, failed = runs + each.runs, failed + each.failed
    return runs, failed


def _changes(one: Version, other: Version) -> Iterator[str]:
    """The parts in which two versions differ."""
    if one.prompt != other.prompt:
        yield "prompt"
    if {n: _steady(t) for n, t in one.tools.items()} != {n: _steady(t) for n, t in other.tools.items()}:
        yield "tools"
    if one.model != other.model:
        yield "model"
    if one.parameters != other.parameters:
        yield "parameters"


def _rises(version: Version) -> bool:
    """Whether more of its runs fail than of those before, by Fisher's exact test."""
    runs, failed = version.before
    if not runs or not version.failed or version.failed / version.runs < failed / runs + _LEAST_RISE:
        return False
    # Beyond this many a sample of the same shares tells as much, and the numbers stay small.
    scale = max(1, (runs + version.runs) // 2_000)
    return chance(version.failed // scale, version.runs // scale, failed // scale, runs // scale) < _CHANCE


def chance(failed: int, runs: int, failed_before: int, runs_before: int) -> float:
    """How likely so many failures, or more, are here if nothing has changed."""
    everything, bad = runs + runs_before, failed + failed_before
    ways = sum(comb(bad, k) * comb(everything - bad, runs - k) for k in range(failed, min(bad, runs) + 1))
    return ways / comb(everything, runs)


def newest(found: Sequence[Version], limit: int | None) -> list[Version]:
    """The newest so many versions of each agent; all without a limit."""
    last = {each.agent: each.number for each in found}
    return [each for each in found if limit is None or each.number > last[each.agent] - limit]


def version_meant(found: Iterable[Version], selector: str) -> Version:
    """The version that a text means: the beginning of its fingerprint, `support v3`, `support/v3`, or `v3` if that is one.

    Raises: NotFound; Ambiguous.
    """
    several = list(found)
    wanted = selector.strip().lower().replace("/v", " v")
    fits = [
        each
        for each in several
        if wanted == each.name.lower().replace("/v", " v")
        or wanted == f"v{each.number}"
        or (len(wanted) >= 4 and each.fingerprint.startswith(wanted))
        or (
            wanted == f"{each.agent.lower()}@last"
            and each.number == max(o.number for o in several if o.agent == each.agent)
        )
    ]
    if len(fits) > 1:
        names = ", ".join(f"{each.name} ({each.fingerprint})" for each in fits[:8])
        raise Ambiguous(f"{selector!r} fits {len(fits)} versions: {names}")
    if not fits:
        raise NotFound(f"no version {selector!r}: `steplog versions` lists the {len(several)} that there are")
    return fits[0]
