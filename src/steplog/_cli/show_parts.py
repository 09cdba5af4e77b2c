"""Which part of a run `steplog show` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steplog._show.below import with_parts
from steplog._show.outline import calls, failing, no_deeper, of_kinds, outline
from steplog._show.run_tree import Part, header, totals_text, tree_lines
from steplog._show.units import dollars, duration
from steplog._show.wrapping import in_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step
    from steplog._show.look import Look
    from steplog._show.views import StepView


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `steplog show` that say what of a run is wanted."""

    full: bool
    tools: bool
    kinds: str | None
    calls: bool
    depth: int | None
    failed: bool
    agent: str | None
    node: str | None
    tool: str | None
    below: int | None
    chat: bool
    thread: str | None
    budget: int | None

    @property
    def is_part(self) -> bool:
        """Whether only a part of the tree is wanted."""
        is_picked = self.failed or self.calls or self.kinds is not None
        return is_picked or self.depth is not None or self._has_roots

    @property
    def _has_roots(self) -> bool:
        return any(value is not None for value in (self.agent, self.node, self.tool, self.below))

    def roots(self, run: Run) -> tuple[Step, ...] | None:
        """The steps whose parts are wanted, None for the run itself. Raises: NotFound."""
        from steplog._ask.below import roots_of  # noqa: PLC0415 -- only who asks for it needs it

        if self.below is not None:
            return (run.step(self.below),)
        return roots_of(run, agent=self.agent, node=self.node, tool=self.tool) if self._has_roots else None


def part_of(run: Run, asked: Asked, look: Look) -> Iterator[str]:
    """The part of the run that was asked for, and what that took together."""
    roots = asked.roots(run)
    keep = of_kinds(asked.kinds.split(",")) if asked.kinds else failing(run) if asked.failed else None
    keep = calls if asked.calls and keep is None else keep
    yield from header(run, look)
    yield ""
    drawn = outline(run, roots=roots, keep=keep)
    drawn = drawn if asked.depth is None else no_deeper(drawn, asked.depth)
    if not drawn:
        yield "no such steps"
        return
    yield from tree_lines(run, look, Part(drawn, fold=not asked.full, price=price_of()))
    if roots is None:
        return
    from steplog._ask.below import totals_below  # noqa: PLC0415 -- only who asks for it needs it

    found = totals_below(roots)
    cost = "" if found.cost is None else f", {dollars(found.cost)}"
    yield ""
    took = f"with everything below: {totals_text(found.totals)}, {duration(found.ms)}{cost}"
    yield from in_lines(took.split(", "), ", ", look)
    yield from map(str, found.unpriced)


def price_of() -> Callable[[StepView], str]:
    """What says a step's price, of an agent with all that is part of it; nothing of a step without one."""
    from steplog._ask.spending import spending_of  # noqa: PLC0415 -- only who draws a run needs it

    costs: dict[
        int, Decimal | None
    ] = {}  # by the steps' numbers: what is part of an agent is asked for again by itself

    def cost_of(step: StepView) -> Decimal | None:
        if step.number not in costs:
            costs[step.number] = spending_of([step]).known
        return costs[step.number]

    def price(step: StepView) -> str:
        parts = with_parts([step]) if step.kind == "agent" else [step]
        known = [cost for part in parts if (cost := cost_of(part)) is not None]
        return dollars(sum(known)) if known else ""

    return price
