"""What can go wrong when a recorded run answers again."""

from __future__ import annotations


class CannotReplay(ValueError):  # noqa: N818 - it says what is the case, and the text says why
    """Something of the run was not recorded whole; the text names the step and the setting that would have kept it."""


class PromptChanged(AssertionError):  # noqa: N818 - a test fails by it: the agent is not what it was
    """The agent sent a prompt, or called a tool, that is not in the recorded run; the text says what differs."""


class NothingLeft(PromptChanged):
    """The agent asks more often than it did when it was recorded."""


class RecordedFailure(RuntimeError):  # noqa: N818 - it failed when it was recorded, and does so again
    """A call that failed when it was recorded, where its own exception cannot be made from the log; the text names that."""
