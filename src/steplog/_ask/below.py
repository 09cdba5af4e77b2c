"""What an agent, a node or a tool took together with everything below it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from steplog._ask.agents import below
from steplog._ask.said import own_error, tokens_of
from steplog._ask.spending import Unpriced, spending_of
from steplog._ask.tables.columns import TOKENS
from steplog._read.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step


@dataclass(frozen=True, slots=True)
class Totals:
    """Steps together with all that is part of them.

    `roots` are the numbers of the steps asked for, `totals` counts and sums in the shape of `Run.totals`. `ms` adds up the
    durations of the roots, in milliseconds. `cost` is in US dollars, None without a price; `unpriced` names the calls
    that have none.
    """

    roots: tuple[int, ...]
    totals: dict[str, Any]
    ms: float
    cost: Decimal | None
    unpriced: tuple[Unpriced, ...]

    def as_json(self) -> dict[str, Any]:
        """The totals as plain JSON."""
        cost = {} if self.cost is None else {"cost": float(self.cost)}
        return {
            "roots": list(self.roots),
            "ms": self.ms,
            "totals": self.totals,
            **cost,
            "unpriced": [asdict(each) for each in self.unpriced],
        }


def roots_of(
    run: Run, *, agent: str | None = None, node: str | None = None, tool: str | None = None
) -> tuple[Step, ...]:
    """The outermost steps of the run that are the agent, the node or the tool of that name.

    Raises: NotFound if there are none.
    """
    kind, name = next(
        (kind, name) for kind, name in (("agent", agent), ("node", node), ("tool", tool)) if name is not None
    )
    found = [step for step in run.steps if step.kind == kind and step.name == name]
    inside = {each.number for step in found for each in below(step) if each is not step}
    outer = tuple(step for step in found if step.number not in inside)
    if not outer:
        there = sorted({step.name for step in run.steps if step.kind == kind})
        raise NotFound(
            f"run {run.id} has no {kind} {name!r}: {'there are ' + ', '.join(there) if there else f'it has no {kind}s'}"
        )
    return outer


def totals_below(roots: Sequence[Step]) -> Totals:
    """What these steps took, each with everything that is part of it."""
    steps = list({each.number: each for root in roots for each in below(root)}.values())
    counts = {
        "steps": len(steps),
        "llm_calls": sum(step.kind == "llm" for step in steps),
        "tool_calls": sum(step.kind == "tool" for step in steps),
        "errors": sum(own_error(step) is not None for step in steps),
        "retries": sum(step.kind == "retry" for step in steps),
        "interrupts": sum(step.kind == "interrupt" for step in steps),
    }
    counts |= {
        name: sum(tokens_of(step, name) for step in steps if not step.fields.get("cached")) for name in TOKENS
    }
    models = dict.fromkeys(
        step.fields["model"]
        for step in steps
        if step.kind == "llm" and isinstance(step.fields.get("model"), str)
    )
    spent = spending_of(steps)
    return Totals(
        roots=tuple(root.number for root in roots),
        totals={name: count for name, count in counts.items() if count}
        | ({"models": list(models)} if models else {}),
        ms=round(sum(root.ms or 0 for root in roots), 3),
        cost=spent.known,
        unpriced=spent.unpriced,
    )
