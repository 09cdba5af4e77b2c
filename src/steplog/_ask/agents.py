"""Which agent a step belongs to: the nearest agent above it, or the run itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step


def agents_of(run: Run) -> dict[int, int]:
    """The number of the agent that each step is part of, by the step's number; 0 is the run itself."""
    found: dict[int, int] = {}
    # Parents first: a stack, since a damaged log may nest deeper than Python calls.
    stack: list[tuple[Step, int]] = [(step, 0) for step in run.children]
    while stack:
        step, agent = stack.pop()
        found[step.number] = agent
        inside = step.number if step.kind == "agent" else agent
        stack.extend((child, inside) for child in step.children)
    return found


def below(step: Step) -> list[Step]:
    """The step and everything that is part of it, in order of their numbers."""
    found: list[Step] = []
    stack = [step]
    while stack:
        found.append(stack.pop())
        stack.extend(found[-1].children)
    return sorted(found, key=lambda each: each.number)
