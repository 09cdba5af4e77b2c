"""steplog: the flight recorder for LLM agents."""

from steplog._version import __version__

__all__ = ["__version__"]
