"""steplog for LlamaIndex and its workflows: every step of a run as one JSON line."""

from typing import TYPE_CHECKING, Any

from llama_index.observability.steplog._activate import activate, deactivate
from llama_index.observability.steplog._handler import StepLogHandler
from llama_index.observability.steplog._version import __version__

if TYPE_CHECKING:
    from llama_index.observability.steplog._legacy import LegacyHandler

__all__ = ["LegacyHandler", "StepLogHandler", "__version__", "activate", "deactivate"]


def __getattr__(name: str) -> Any:
    """`LegacyHandler` when it is asked for: it needs llama-index-core, which workflows alone do not."""
    if name == "LegacyHandler":
        from llama_index.observability.steplog._legacy import LegacyHandler  # noqa: PLC0415 - as said above

        return LegacyHandler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
