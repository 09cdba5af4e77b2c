"""What saved a step that failed: its next attempt, a graph's error handler, or another model that was sent the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
    def started(self) -> datetime | None: ...
    @property
    def ms(self) -> float | None: ...
    @property
    def call_id(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Json]: ...


_Step = TypeVar("_Step", bound=Attempt)
_TOLD: Final = "after_failed"
_SUPERSTEP: Final = "step_in_graph"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
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
    alike = [step for step in behind if step.kind == failed.kind and _TOLD not in step.fields]
    found = next((step for step in alike if _stands_in(step, failed)), None)
    return found if found is None or not _handles(found, failed) else _own_handler(failed, siblings, alike)


def _own_handler(failed: _Step, siblings: Sequence[_Step], alike: Sequence[_Step]) -> _Step | None:
    """Of the handlers of a node that failed several times at once the one that began as this one ended: in the same order."""
    handlers = [step for step in alike if _handles(step, failed)]
    tried_again = {step.fields.get(_TOLD) for step in siblings}
    of_its_kind = [
        step
        for step in siblings
        if step.status == "error"
        and (step.kind, step.name) == (failed.kind, failed.name)
        and step.fields.get(_SUPERSTEP) == failed.fields.get(_SUPERSTEP)
        and step.number not in tried_again
    ]
    place = sorted(of_its_kind, key=_ended).index(failed) if failed in of_its_kind else 0
    every = [step for step in siblings if _TOLD not in step.fields and _handles(step, failed)]
    return every[place] if place < len(every) else handlers[0]


def _ended(step: Attempt) -> tuple[datetime, int]:
    began = step.started or _LONG_AGO
    return began + timedelta(milliseconds=step.ms or 0), step.number


def _handles(other: Attempt, failed: Attempt) -> bool:
    """Whether a step is LangGraph's handler of the error of a node."""
    is_handler = other.kind == "node" and other.name in (_HANDLER, _HANDLER_OF + failed.name)
    return is_handler and other.fields.get(_SUPERSTEP) == failed.fields.get(_SUPERSTEP)


def _stands_in(other: Attempt, failed: Attempt) -> bool:
    if other.kind == "node" and other.name in (_HANDLER, _HANDLER_OF + failed.name):
        return _handles(other, failed)
    if other.kind == "llm" and "prompt" in other.fields:
        return other.fields["prompt"] == failed.fields.get("prompt")
    return other.name == failed.name and other.call_id == failed.call_id and other.attempt > failed.attempt
