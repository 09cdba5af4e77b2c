"""What can go wrong when a log is asked for: never the data, only the question."""

from __future__ import annotations


class LogError(Exception):
    """A log cannot answer; the text is one sentence for people, with the file and the way out."""


class NotFound(LogError, LookupError):  # noqa: N818 -- `except steplog.NotFound` reads as the sentence it is
    """The log has no such run or step, or no longer has it."""


class Ambiguous(LogError):  # noqa: N818 -- `except steplog.Ambiguous` reads as the sentence it is
    """A run id prefix fits several runs."""


class NotALog(LogError):  # noqa: N818 -- `except steplog.NotALog` reads as the sentence it is
    """The path is missing, or what stands there is no steplog log."""
