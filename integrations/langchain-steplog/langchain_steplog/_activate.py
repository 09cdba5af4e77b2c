"""Record every run of the process: one handler, added by LangChain itself wherever it configures callbacks."""

from __future__ import annotations

import os
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Unpack

from langchain_core.callbacks import manager
from langchain_core.tracers import context

from langchain_steplog import _graphs as graphs
from langchain_steplog._handler import StepLogHandler
from steplog.integration import SettingsFields

_active: list[tuple[StepLogHandler, Any]] = []


def activate(
    path: str | os.PathLike[str] | None = None, **settings: Unpack[SettingsFields]
) -> StepLogHandler:
    """Record every LangChain and LangGraph run of this process to `path`; a second call returns the same handler.

    Works before and after runs began; runs under way are recorded from their next new child on. Arguments as for
    `StepLogHandler`.
    """
    if not _active:
        handler = StepLogHandler(path, **settings)
        # The variable's default is what every thread and task sees; setting it would reach one context only.
        variable: ContextVar[StepLogHandler | None] = ContextVar("steplog_handler", default=handler)
        _active.append((handler, variable))
    handler, variable = _active[0]
    # Reloading LangChain's module, as notebooks do, empties its list.
    if not any(hook[0] is variable for hook in _hooks(context)):
        context.register_configure_hook(variable, inheritable=True, handle_class=StepLogHandler)
    if not any(hook[0] is variable for hook in _hooks(manager)):
        _hooks(manager).extend(hook for hook in _hooks(context) if hook[0] is variable)
    return handler


def deactivate() -> None:
    """Record no further runs, end what is open and close the log; leaves no trace in LangChain. Twice is fine."""
    while _active:
        handler, variable = _active.pop()
        for module in (context, manager):
            hooks = _hooks(module)
            hooks[:] = [hook for hook in hooks if hook[0] is not variable]
        graphs.uninstall()  # a handler passed to a graph puts it back
        handler.close()


def active_handler() -> StepLogHandler | None:
    """The handler that records the process's runs; None where none does."""
    return _active[0][0] if _active else None


def _hooks(module: ModuleType) -> list[Any]:
    # There is no call to unregister, nor one to ask what is registered (langchain#32300). Older versions ask a name of the
    # manager's for it, which after a reload is still the list from before.
    return getattr(module, "_configure_hooks", getattr(context, "_configure_hooks", []))
