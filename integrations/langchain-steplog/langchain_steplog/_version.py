"""The version of the distribution langchain-steplog."""

__version__ = "0.2.0"
