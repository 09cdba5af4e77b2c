"""steplog for LangChain, LangGraph and deepagents: every step of a run as one JSON line."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import langchain_steplog._neighbour  # noqa: F401  # pyright: ignore[reportUnusedImport] -- it says whether the rest can be imported

# isort: split
from langchain_steplog._activate import activate, deactivate
from langchain_steplog._embeddings import record_embeddings
from langchain_steplog._handler import StepLogHandler
from langchain_steplog._version import __version__

if TYPE_CHECKING:
    from langchain_steplog._fork import Fork, fork
    from langchain_steplog._replay import ReplayModel, recorded_tools
    from langchain_steplog._replay_agent import replay_agent

__all__ = [
    "Fork",
    "ReplayModel",
    "StepLogHandler",
    "__version__",
    "activate",
    "deactivate",
    "fork",
    "record_embeddings",
    "recorded_tools",
    "replay_agent",
]

# What only tests and people at work use is imported when it is: a program that records needs no reader.
_LATER = {
    "Fork": "langchain_steplog._fork",
    "fork": "langchain_steplog._fork",
    "ReplayModel": "langchain_steplog._replay",
    "recorded_tools": "langchain_steplog._replay",
    "replay_agent": "langchain_steplog._replay_agent",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
