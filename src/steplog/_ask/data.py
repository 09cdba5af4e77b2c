"""A run and its steps as plain JSON, with every reference followed and each message once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steplog._ask.agents import below
from steplog._ask.below import totals_below
from steplog._ask.listing import Row
from steplog._ask.spending import run_cost
from steplog._ask.waste import waste
from steplog._show.usage import untold_calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step


def run_data(run: Run, *, steps: bool = True) -> dict[str, Any]:
    """What `ls --json` says of a run, its content, each message once, and its steps unless they are not wanted.

    A step's `prompt` is the list of its messages' numbers, so that the size stays linear.
    """
    content = {
        "input": run.input,
        "output": run.output,
        "error": run.error,
        "tags": list(run.tags),
        "metadata": run.metadata,
        "masked": run.masked,
        "totals_note": run.totals_note,
        "answers": [each.as_json() for each in run.answers],
        "writer": run.writer,
        "notes": [note.as_json() for note in run.notes],
        "in_flight": [step.number for step in run.in_flight],
        "messages": list(run.messages),
    }
    known = {name: value for name, value in content.items() if value not in (None, [], {})}
    row = Row(run, run_cost(run), waste(run), untold_calls(run.steps))
    return {**row.as_json(), **known, **({"steps": [_numbered(step) for step in run.steps]} if steps else {})}


def step_data(step: Step) -> dict[str, Any]:
    """A step: its place and state, then its fields with every reference followed."""
    state: dict[str, Any] = {
        "step": step.number,
        "parent": step.parent.number if step.parent else None,
        "kind": step.kind,
        "name": step.name or None,
        "status": step.status,
        "started": step.started.isoformat().replace("+00:00", "Z") if step.started else None,
        "open": step.open or None,
        "recovered_by": step.recovered_by.number if step.recovered_by else None,
    }
    if step.kind == "agent":
        state["totals"] = totals_below([step]).totals
    fields = {name: value for name, value in step.resolved().items() if name not in state}
    return {**{name: value for name, value in state.items() if value is not None}, **fields}


def part_data(run: Run, roots: Sequence[Step] | None) -> dict[str, Any]:
    """These steps with everything below them, and what that took together; the whole run without any."""
    if roots is None:
        return run_data(run)
    steps = {each.number: each for root in roots for each in below(root)}
    return {
        "run": run.id,
        **totals_below(roots).as_json(),
        "steps": [_numbered(steps[number]) for number in sorted(steps)],
    }


def _numbered(step: Step) -> dict[str, Any]:
    return step_data(step) | ({"prompt": list(step.prompt_numbers)} if "prompt" in step.fields else {})
