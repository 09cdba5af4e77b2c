"""Which of the events of workflows a value is: found from its class, once a class, without running code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from steplog.integration import live_dict

# The classes that are asked for, and the modules that have them.
_SORTS: Final = {
    "Event": "workflows.events",
    "StopEvent": "workflows.events",
    "InputRequiredEvent": "workflows.events",
    "HumanResponseEvent": "workflows.events",
    "StepFailedEvent": "workflows.events",
    "ToolCall": "llama_index.core.agent.workflow.workflow_events",
}


@lru_cache(maxsize=4096)
def sorts_of(cls: type) -> frozenset[str]:
    """The names of those of LlamaIndex's event classes that `cls` is or is made from; for most classes none."""
    bases = cls.__mro__
    return frozenset(base.__name__ for base in bases if _SORTS.get(base.__name__) == base.__module__)


def is_event(value: object) -> bool:
    """Whether this is an event of a workflow."""
    return "Event" in sorts_of(type(value))


def is_last(value: object) -> bool:
    """Whether this is the event that ends a workflow."""
    return "StopEvent" in sorts_of(type(value))


def is_question(value: object) -> bool:
    """Whether this is the event by which a workflow asks a human."""
    return "InputRequiredEvent" in sorts_of(type(value))


def is_answer(value: object) -> bool:
    """Whether this is what the human said."""
    return "HumanResponseEvent" in sorts_of(type(value))


def failure_in(event: object) -> BaseException | None:
    """The exception that this event hands to the handler of errors; None for other events."""
    found = live_dict(event).get("exception") if "StepFailedEvent" in sorts_of(type(event)) else None
    return found if isinstance(found, BaseException) else None


def is_tool_call(value: object) -> bool:
    """Whether this is the event by which an agent of LlamaIndex asks for a tool."""
    return "ToolCall" in sorts_of(type(value))


def event_in(arguments: Mapping[str, Any]) -> Any:
    """The event that a workflow's step was called with; None where no argument is one."""
    for value in arguments.values():
        if "Event" in sorts_of(type(value)):
            return value
    return None
