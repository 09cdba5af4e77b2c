"""Where LangGraph goes on: the checkpoints that nodes and runs name, as the `config` that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._read.files.liveness import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.step import Step


def config_at(place: Json, thread: str) -> Record | None:
    """The `config` for a checkpoint as the log has it, of a run with this `thread`; None if it is none."""
    if not isinstance(place, dict):
        return None
    names = {"thread_id": place.get("thread_id") or thread or None, "checkpoint_ns": place.get("ns", "")}
    given = {**names, "checkpoint_id": place.get("id")}
    return {"configurable": {name: value for name, value in given.items() if value is not None}}


def config_of_run(place: Json, status: str, steps: Sequence[Step], thread: str) -> Record | None:
    """The `config` of a run itself, whose own lines name this place: else of where it was left at a question."""
    asks = place is None and status == INTERRUPTED
    return config_at(place_of_question(steps) if asks else place, thread)


def place_of_question(steps: Sequence[Step]) -> Json:
    """The checkpoint of the outermost node in which the last question was asked; None if none has one.

    A graph inside a node is not resumed by its own checkpoint, but by that of the graph around it.
    """
    asked = next((step for step in reversed(steps) if step.kind == "interrupt"), None)
    place: Json = None
    while asked is not None:
        mine = asked.fields.get("checkpoint")
        place = mine if isinstance(mine, dict) else place
        asked = asked.parent
    return place
