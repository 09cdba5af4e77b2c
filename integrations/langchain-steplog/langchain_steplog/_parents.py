"""The step that a run was called from, where LangChain's own parent id does not say."""

from __future__ import annotations

from uuid import UUID

from langchain_core.runnables.config import var_child_runnable_config

from steplog.integration import StepRecorder


def parent_of(recorder: StepRecorder, parent_run_id: UUID | None) -> UUID | None:
    """The parent LangChain names or, where it names none, the open step in whose context the call is made.

    `with_fallbacks` and code that passes callbacks of its own start runs without a parent inside of others.
    """
    if parent_run_id is not None:
        return parent_run_id
    config = var_child_runnable_config.get()
    if type(config) is not dict:
        return None
    around = getattr(config.get("callbacks"), "parent_run_id", None)
    return around if type(around) is UUID and recorder.is_open(around) else None
