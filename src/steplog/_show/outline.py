"""Which steps of a run are drawn, and under which: all of it, or a part, a kind, what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from steplog._show.views import RunView, StepView

    Outline = Mapping[int | None, Sequence[StepView]]

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
