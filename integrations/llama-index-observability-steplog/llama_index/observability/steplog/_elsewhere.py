"""The step of LangChain that the code now running belongs to, read from LangChain's own context; nothing is set."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from typing import Final

from steplog.integration import instance_dict

_CONFIG: Final = "langchain_core.runnables.config"


def is_langchain_here() -> bool:
    """Whether the program has imported what keeps LangChain's context."""
    return _CONFIG in sys.modules


def langchain_step() -> Hashable:
    """The run id of LangChain's innermost run here; None outside of one, or where LangChain is not in use."""
    module = sys.modules.get(_CONFIG)
    variable = getattr(module, "var_child_runnable_config", None)
    config = variable.get() if variable is not None else None
    if type(config) is not dict:
        return None
    return instance_dict(config.get("callbacks")).get("parent_run_id")
