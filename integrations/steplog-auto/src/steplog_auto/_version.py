"""The version of the distribution steplog-auto."""

__version__ = "0.2.0"
