"""Callbacks that only some LangChain programs send: retries of tenacity, and the agents of langchain_classic."""

from __future__ import annotations

from typing import Any

from steplog.integration import describe, instance_dict, read_fields

Fields = dict[str, Any]


def retry_state(state: Any) -> Fields:
    """A tenacity `RetryCallState`: which attempt failed, how long it waits, and why."""
    found = instance_dict(state)
    outcome = instance_dict(found.get("outcome"))
    error = outcome.get("_exception")
    wait = found.get("upcoming_sleep")
    return {
        "attempt": found.get("attempt_number"),
        "wait_ms": round(wait * 1000, 3) if isinstance(wait, int | float) else None,
        "error": describe(error) if isinstance(error, BaseException) else None,
    }


def agent_action(action: Any) -> Fields:
    """What a classic agent decided to do."""
    found = read_fields(action)
    shown = {name: found.get(name) for name in ("tool", "tool_input", "log") if found.get(name) is not None}
    return {"name": "agent_action", "data": shown}


def agent_finish(finish: Any) -> Fields:
    """What a classic agent ended with."""
    found = read_fields(finish)
    shown = {name: found.get(name) for name in ("return_values", "log") if found.get(name) is not None}
    return {"name": "agent_finish", "data": shown}
