"""steplog for LangChain, LangGraph and deepagents: every step of a run as one JSON line."""

from langchain_steplog._activate import activate, deactivate
from langchain_steplog._embeddings import record_embeddings
from langchain_steplog._handler import StepLogHandler
from langchain_steplog._version import __version__

__all__ = ["StepLogHandler", "__version__", "activate", "deactivate", "record_embeddings"]
