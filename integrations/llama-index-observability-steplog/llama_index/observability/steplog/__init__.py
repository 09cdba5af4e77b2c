"""steplog for LlamaIndex and its workflows: every step of a run as one JSON line."""

from typing import TYPE_CHECKING, Any

import llama_index.observability.steplog._neighbour  # noqa: F401  # pyright: ignore[reportUnusedImport] -- it says whether the rest can be imported

# isort: split
from llama_index.observability.steplog._activate import activate, deactivate
from llama_index.observability.steplog._handler import StepLogHandler
from llama_index.observability.steplog._version import __version__

if TYPE_CHECKING:
    from llama_index.observability.steplog._legacy import StepLogCallbackHandler
    from llama_index.observability.steplog._replay import ReplayLLM, recorded_tools
    from llama_index.observability.steplog._replay_agent import replay_agent

__all__ = [
    "ReplayLLM",
    "StepLogCallbackHandler",
    "StepLogHandler",
    "__version__",
    "activate",
    "deactivate",
    "recorded_tools",
    "replay_agent",
]


def __getattr__(name: str) -> Any:
    """What needs llama-index-core, which workflows alone do not, is imported when it is asked for."""
    if name == "StepLogCallbackHandler":
        from llama_index.observability.steplog._legacy import StepLogCallbackHandler  # noqa: PLC0415 - as said above

        return StepLogCallbackHandler
    if name in ("ReplayLLM", "recorded_tools"):
        from llama_index.observability.steplog import _replay  # noqa: PLC0415 - as said above

        return getattr(_replay, name)
    if name == "replay_agent":
        from llama_index.observability.steplog import _replay_agent  # noqa: PLC0415 - as said above

        return _replay_agent.replay_agent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
