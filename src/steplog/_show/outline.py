"""Which steps of a run are drawn, and under which: all of it, or a part, a kind, what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._show.preview import left

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from steplog._show.views import RunView, StepView

    Outline = Mapping[int | None, Sequence[StepView]]

# What is drawn of a run without the nodes and plumbing around it.
_AROUND = ("node", "chain")
_HOOKS = ("before_agent", "after_agent", "before_model", "after_model")  # of LangChain's middleware
_FINE = ("ok", "handoff")


def outline(
    run: RunView, *, roots: Sequence[StepView] | None = None, keep: Callable[[StepView], bool] | None = None
) -> Outline:
    """The steps to draw by the number of the step they hang on, None for the outermost.

    `roots`: only these and what is below them. `keep`: only those; what hung on others hangs on the next one above.
    """
    found: dict[int | None, list[StepView]] = {}
    # A stack instead of recursion: a damaged log may nest without end.
    stack: list[tuple[StepView, int | None]] = [(step, None) for step in reversed(roots or run.children)]
    while stack:
        step, above = stack.pop()
        if keep is None or keep(step):
            found.setdefault(above, []).append(step)
            above = step.number
        stack.extend((child, above) for child in reversed(step.children))
    return found


def of_kinds(kinds: Sequence[str]) -> Callable[[StepView], bool]:
    """Only steps of these kinds."""
    return lambda step: step.kind in kinds


def calls(step: StepView) -> bool:
    """Only what was called and what happened: no nodes."""
    return step.kind not in _AROUND


def no_deeper(outline: Outline, depth: int) -> Outline:
    """The same without what hangs deeper than so many steps on one another."""
    found: dict[int | None, Sequence[StepView]] = {}
    above: list[int | None] = [None]
    for _ in range(depth):
        found |= {number: outline[number] for number in above if number in outline}
        above = [step.number for number in above for step in outline.get(number, ())]
    return found


def without_idle(outline: Outline) -> tuple[Outline, int]:
    """The same without nodes of middleware around nothing, and how many those are."""
    found = {
        number: [step for step in steps if step.number in outline or not _is_idle(step)]
        for number, steps in outline.items()
    }
    gone = sum(map(len, outline.values())) - sum(map(len, found.values()))
    return found, gone


def _is_idle(step: StepView) -> bool:
    is_hook = step.kind == "node" and step.name.rpartition(".")[2] in _HOOKS
    return is_hook and step.status == "ok" and step.error is None and not left(step)


def failing(run: RunView) -> Callable[[StepView], bool]:
    """Only steps that did not end well, and those around them."""
    numbers: set[int] = set()
    for step in run.steps:
        at: StepView | None = step
        while (
            at is not None
            and at.number not in numbers
            and (step.status not in _FINE or step.error is not None)
        ):
            numbers.add(at.number)
            at = at.parent
    return lambda step: step.number in numbers
