"""The version of the distribution llama-index-observability-steplog."""

__version__ = "0.1.0"
