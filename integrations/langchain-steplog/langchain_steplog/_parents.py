"""The step that a run was called from, where LangChain's own parent id does not say."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from uuid import UUID

from langchain_core.runnables.config import var_child_runnable_config

from langchain_steplog._elsewhere import LLAMA_INDEX, llama_index_step
from steplog.integration import StepRecorder

__all__ = ["LLAMA_INDEX", "parent_of"]


def parent_of(recorder: StepRecorder, parent_run_id: UUID | None) -> Hashable:
    """The step of LangChain or of LlamaIndex that the call is made in, whichever is the inner one."""
    ours = parent_run_id if parent_run_id is not None else _context_parent(recorder)
    theirs = llama_index_step()
    return ours if theirs is None else recorder.innermost(ours, theirs) or ours


def _context_parent(recorder: StepRecorder) -> UUID | None:
    """The open step in whose context a call is made for which LangChain names no parent.

    `with_fallbacks` and code that passes callbacks of its own start runs without a parent inside of others.
    """
    config: Any = var_child_runnable_config.get()
    if type(config) is not dict:
        return None
    around = getattr(config.get("callbacks"), "parent_run_id", None)
    return around if type(around) is UUID and recorder.is_open(around) else None
