"""steplog for LangChain, LangGraph and deepagents: every step of a run as one JSON line."""

from typing import TYPE_CHECKING, Any

from langchain_steplog._activate import activate, deactivate
from langchain_steplog._embeddings import record_embeddings
from langchain_steplog._handler import StepLogHandler
from langchain_steplog._version import __version__

if TYPE_CHECKING:
    from langchain_steplog._replay import ReplayModel, recorded_tools

__all__ = [
    "ReplayModel",
    "StepLogHandler",
    "__version__",
    "activate",
    "deactivate",
    "record_embeddings",
    "recorded_tools",
]


def __getattr__(name: str) -> Any:
    # What only tests use is imported when it is: a program that records needs no reader.
    if name not in ("ReplayModel", "recorded_tools"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from langchain_steplog import _replay  # noqa: PLC0415 - as said above

    return getattr(_replay, name)
