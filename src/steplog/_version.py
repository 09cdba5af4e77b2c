"""The version, in one place: the build, the log and `steplog --version` read it here."""

__version__ = "0.2.0"
