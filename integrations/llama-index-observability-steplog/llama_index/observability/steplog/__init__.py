"""steplog for LlamaIndex and its workflows: every step of a run as one JSON line."""

from typing import TYPE_CHECKING, Any

from llama_index.observability.steplog._activate import activate, deactivate
from llama_index.observability.steplog._handler import StepLogHandler
from llama_index.observability.steplog._version import __version__

if TYPE_CHECKING:
    from llama_index.observability.steplog._legacy import StepLogCallbackHandler

__all__ = ["StepLogCallbackHandler", "StepLogHandler", "__version__", "activate", "deactivate"]


def __getattr__(name: str) -> Any:
    """`StepLogCallbackHandler` when it is asked for: it needs llama-index-core, which workflows alone do not."""
    if name == "StepLogCallbackHandler":
        from llama_index.observability.steplog._legacy import StepLogCallbackHandler  # noqa: PLC0415 - as said above

        return StepLogCallbackHandler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
