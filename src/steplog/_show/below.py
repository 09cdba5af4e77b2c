"""What agents used together with everything below them: a sub-agent's row says what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._show.usage import is_untold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steplog._show.views import RunView, StepView

_SUMMED: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")


def used_by_agents(run: RunView) -> Mapping[int, dict[str, int]]:
    """What each agent step used with all that is part of it, by its number: tokens by their names in the format.

    Besides, under `llm_calls` how many calls of models there were, and under `untold` of how many nobody told what they used.
    What a framework's cache answered is in no sum of tokens.
    """
    if not any(step.kind == "agent" for step in run.steps):
        return {}
    order = with_parts(run.children)
    sums: dict[int, dict[str, int]] = {}
    agents: dict[int, dict[str, int]] = {}
    for step in reversed(order):  # what is below comes first
        mine = _with_own(sums.pop(step.number, {}), step)
        if step.kind == "agent":
            agents[step.number] = mine
        if mine and step.parent is not None:
            above = sums.setdefault(step.parent.number, {})
            for name, count in mine.items():
                above[name] = above.get(name, 0) + count
    return agents


def with_parts(steps: Iterable[StepView]) -> list[StepView]:
    """These steps and all that is part of them; each stands before its parts."""
    found: list[StepView] = []
    # A stack instead of recursion: a damaged log may nest without end.
    stack = list(steps)
    while stack:
        found.append(stack.pop())
        stack.extend(found[-1].children)
    return found


def _with_own(sums: dict[str, int], step: StepView) -> dict[str, int]:
    usage = {} if step.fields.get("cached") is True else step.usage
    own = {name: count for name in _SUMMED if isinstance(count := usage.get(name), int)}
    if step.kind == "llm":
        own |= {"llm_calls": 1, "untold": int(is_untold(step))}
    return {name: sums.get(name, 0) + own.get(name, 0) for name in {**sums, **own}}
