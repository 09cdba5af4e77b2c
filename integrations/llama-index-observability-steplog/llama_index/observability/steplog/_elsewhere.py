"""The step of LangChain that the code now running belongs to, read from LangChain's own context; nothing is set."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from typing import Final

from steplog.integration import live_dict

CONFIG: Final = "langchain_core.runnables.config"  # the module that keeps LangChain's context


def langchain_step() -> Hashable:
    """The run id of LangChain's innermost run here; None outside of one, or where LangChain is not in use."""
    module = sys.modules.get(CONFIG)
    variable = getattr(module, "var_child_runnable_config", None)
    config = variable.get() if variable is not None else None
    if type(config) is not dict:
        return None
    return live_dict(config.get("callbacks")).get("parent_run_id")
