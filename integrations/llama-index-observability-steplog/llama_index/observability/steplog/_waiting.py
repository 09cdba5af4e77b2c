"""What only a workflow's machinery knows of a step: that it waits for a human, was answered, or is tried again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, Final, NamedTuple

from llama_index.observability.steplog import _events as events
from llama_index.observability.steplog import _values as values
from steplog.integration import live_dict

_RESULTS: Final = "workflows.runtime.types.results"
_MOST_FRAMES: Final = 12


class Attempt(NamedTuple):
    """Which try of a step this is, whether it goes on because what it waited for has come, and that.

    `failure` is the exception of the try before, or the one that the step is to handle.
    """

    number: int
    is_answered: bool
    answer: Any = None
    failure: BaseException | None = None


FIRST: Final = Attempt(1, is_answered=False)


def attempt(arguments: Mapping[str, Any]) -> Attempt:
    """How the step that is about to run in this context, with these arguments, came to run."""
    variable = getattr(sys.modules.get(_RESULTS), "StepWorkerStateContextVar", None)
    step = live_dict(variable.get(None)) if variable is not None else {}
    retry = live_dict(step.get("retry"))
    number = retry.get("retry_number")
    waiters = live_dict(step.get("state")).get("collected_waiters")
    answer = event = events.event_in(arguments)
    failure = retry.get("last_exception") if number else events.failure_in(event)
    if not events.is_answer(answer):
        come = [live_dict(w).get("resolved_event") for w in waiters] if type(waiters) is list else []
        answer = next((event for event in reversed(come) if event is not None), None)
    if answer is None and not number and failure is None:
        return FIRST
    told = None if answer is None else values.told(answer)
    return Attempt(number + 1 if type(number) is int else 1, answer is not None, told, failure)


def fields_of(attempt: Attempt, state: Any) -> dict[str, Any]:
    """What a step's start tells of how it came to run; `state` is what the recorder holds of the step or run around it."""
    fields: dict[str, Any] = {"attempt": attempt.number} if attempt.number > 1 else {}
    if attempt.failure is not None and state is not None:
        fields["after_failed"] = state.run.failed_with(attempt.failure)
    return fields


def awaited() -> BaseException | None:
    """The `WaitingForEvent` by which the step that is now ending asked to be woken; None for one that ended as such.

    LlamaIndex keeps it from the span, which ends as if the step had returned nothing; it is in the closure of the
    function that the span was put around.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- there is no other way to it
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return None
        if frame.f_code.co_name == "async_wrapper":
            return _captured(frame.f_locals.get("func"))
        frame = frame.f_back
    return None


def _captured(function: Any) -> BaseException | None:
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    if code is None or not cells or "captured_waiting" not in code.co_freevars:
        return None
    cell = cells[code.co_freevars.index("captured_waiting")]
    try:
        found = cell.cell_contents
    except ValueError:
        return None  # the step did not get that far
    return found if isinstance(found, BaseException) else None


def question(waiting: BaseException) -> Any:
    """What the human is asked, or else which answer the step waits for."""
    add = live_dict(live_dict(waiting).get("add"))
    event = add.get("waiter_event")
    if event is not None:
        return values.told(event)
    kind = add.get("event_type")
    return {"waits_for": kind.__name__} if isinstance(kind, type) else None
