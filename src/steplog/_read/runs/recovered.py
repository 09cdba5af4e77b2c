"""What saved a step that failed: its next attempt, a graph's error handler, or another model that was sent the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steplog._format.record import Json


class Attempt(Protocol):
    """What is asked of a step: the properties mean what those of `Step` mean."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def open(self) -> bool: ...
    @property
    def attempt(self) -> int: ...
    @property
    def call_id(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Json]: ...


_Step = TypeVar("_Step", bound=Attempt)
_TOLD: Final = "after_failed"
_HANDLER_OF: Final = "__error_handler__"  # LangGraph's name for a node's own error handler begins so
_HANDLER: Final = "__default_error_handler__"


def saved_by(step: _Step, siblings: Sequence[_Step]) -> _Step | None:
    """The one of its siblings by which a failed step was made good; None where nothing did.

    Where an attempt fails again, what saved that one counts.
    """
    failed: _Step | None = step if step.status == "error" else None
    while failed is not None:
        after = _after(failed, siblings)
        if after is None or after.status != "error":
            return None if after is None or after.open else after
        failed = after
    return None


def _after(failed: _Step, siblings: Sequence[_Step]) -> _Step | None:
    """The step that stands in for a failed one: the one that says so, else the first behind it that looks like it."""
    behind = [step for step in siblings if step.number > failed.number]
    told = next((step for step in behind if step.fields.get(_TOLD) == failed.number), None)
    if told is not None:
        return told
    return next(
        (
            step
            for step in behind
            if step.kind == failed.kind and _TOLD not in step.fields and _stands_in(step, failed)
        ),
        None,
    )


def _stands_in(other: Attempt, failed: Attempt) -> bool:
    if other.kind == "node" and other.name in (_HANDLER, _HANDLER_OF + failed.name):
        return other.fields.get("step_in_graph") == failed.fields.get("step_in_graph")
    if other.kind == "llm" and "prompt" in other.fields:
        return other.fields["prompt"] == failed.fields.get("prompt")
    return other.name == failed.name and other.call_id == failed.call_id and other.attempt > failed.attempt
