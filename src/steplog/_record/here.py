"""Which run or step the code now running is in: what nests a step by context, without an object handed down."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Nested(Protocol):
    """A run or a step that others may be inside of."""

    outer: Nested | None  # what it was entered in

    @property
    def recorder(self) -> object:
        """Whose it is."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        ...


# A task inherits it from the code that makes it; a thread begins without one.
_innermost: ContextVar[Nested | None] = ContextVar("steplog_innermost", default=None)


def innermost(recorder: object) -> Nested | None:
    """The run or step of this recorder that the code now running is in; None outside of all."""
    block = _innermost.get()
    while block is not None and (block.recorder is not recorder or block.is_over):
        block = block.outer
    return block


def go_in(block: Nested) -> Nested | None:
    """From now on what the code does is inside of `block`; gives what it was inside of before."""
    before = _innermost.get()
    if before is not block:
        block.outer = before
        _innermost.set(block)
    return before


def come_out(block: Nested, before: Nested | None) -> None:
    """Come out of `block`, where this is the context that went in: a generator may be closed in another one."""
    if _innermost.get() is block:
        _innermost.set(before)


class Inside:
    """While this lasts, what the code does is inside of `block`."""

    __slots__ = ("_before", "_block")

    def __init__(self, block: Nested) -> None:
        """For this run or step."""
        self._block = block
        self._before: Nested | None = None

    def __enter__(self) -> None:
        """Go in."""
        self._before = go_in(self._block)

    def __exit__(self, *_: object) -> None:
        """Come out."""
        come_out(self._block, self._before)
