"""The version of the distribution llama-index-observability-steplog."""

__version__ = "0.2.0"
