"""Where a run can go on from one of its steps: the checkpoint of its graph, or the messages that its model was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steplog._ask.said import text_of
from steplog._read.errors import NotFound
from steplog._read.runs.checkpoints import config_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step


@dataclass(frozen=True, slots=True)
class Fork:
    """Where to go on from.

    `config` is what LangGraph takes, `graph.invoke(None, config)`, and goes on from before the node `node` (step `at`); the state is the
    checkpointer's. Without one it is None, and `messages` are what the model call `at` was sent, without the `system` message.
    """

    run: str
    step: int
    at: int
    node: str
    config: Record | None
    messages: tuple[Record, ...]
    system: str

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON; absent what is empty."""
        found = {"run": self.run, "step": self.step, "at": self.at, "node": self.node, "config": self.config}
        found |= {"messages": list(self.messages), "system": self.system}
        return {name: value for name, value in found.items() if value not in (None, "", [])}


def fork(run: Run, step: Step | int) -> Fork:
    """Where the run can go on from this step.

    That is the checkpoint of the outermost graph before the node that the step is, or is part of; a graph inside of a node goes
    on by that of the graph around it. Raises: NotFound if there is no such step, or nothing to go on from.
    """
    found = run.step(step) if isinstance(step, int) else step
    nodes = [up for up in _upwards(found) if _is_place(up.fields.get("checkpoint"))]
    if nodes:
        outermost = nodes[-1]
        config = config_at(outermost.fields.get("checkpoint"), run.thread)
        return Fork(run.id, found.number, outermost.number, outermost.name, config, (), "")
    call = _call_at(run, found)
    if call is None:
        raise NotFound(
            f"run {run.id} has no checkpoint at step {found.number}, and no model call at it or before it"
        )
    prompt = call.prompt
    has_system = bool(prompt) and prompt[0].get("role") == "system"
    system = text_of(prompt[0]) if has_system else ""
    messages = tuple({name: value for name, value in m.items() if name != "m"} for m in prompt[has_system:])
    return Fork(run.id, found.number, call.number, "", None, messages, system)


def _upwards(step: Step) -> Iterator[Step]:
    here: Step | None = step
    while here is not None:
        yield here
        here = here.parent


def _is_place(value: Json) -> bool:
    """Whether a node says from which checkpoint it started: without an id it would be the newest, which is another place."""
    return isinstance(value, dict) and isinstance(value.get("id"), str)


def _call_at(run: Run, step: Step) -> Step | None:
    """The model call that the step is, or the first one in it, or the last one before it."""
    calls = [each for each in run.steps if each.kind == "llm"]
    inside = [each for each in calls if step in tuple(_upwards(each)) or each.number == step.number]
    before = [each for each in calls if each.number < step.number]
    return next(iter(inside), None) or next(reversed(before), None)
