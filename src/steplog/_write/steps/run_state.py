"""What is known of one run and its steps between their hooks; freed when the run ends."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Hashable, Iterator
from itertools import count
from typing import Any, Final

from steplog._write.said.run_memory import Once
from steplog._write.steps.handed_down import HandedDown
from steplog._write.steps.totals import Totals

_CLOCK: Final = (time.time_ns,)
_MOST: Final = 10_000  # call ids and failed attempts that a run remembers


class RunState:
    """A run that is being recorded."""

    __slots__ = (
        "asked", "errors", "failed", "hex", "masked", "next_number", "once", "open", "points", "root", "thread",
        "totals", "uuid",
    )  # fmt: skip

    def __init__(self, run_id: uuid.UUID) -> None:
        """A run with this id and nothing in it."""
        self.uuid = run_id
        self.hex = run_id.hex[16:]
        self.once = Once()
        self.totals = Totals()
        self.masked: dict[str, int] = {}
        self.open: dict[Hashable, Open] = {}
        self.errors: dict[int, Open] = {}  # `id()` of an error -> the step it came from
        self.points: set[Hashable] = set()  # what was told once and comes by again on its way up: interrupts
        self.next_number: Callable[[], int] = count(1).__next__
        self.root: Open | None = None
        self.thread: Any = None
        self.asked: dict[str, int] = {}  # a tool call's id -> the step of the model call that asked for it
        self.failed: dict[Hashable, int] = {}  # what was tried and failed -> how many times in a row

    def asks(self, call_ids: list[Any], step: int | None) -> None:
        """A model's answer in `step` asked for tool calls with these ids."""
        if step is not None and len(self.asked) < _MOST:
            for call in call_ids:
                if type(call) is str:
                    self.asked[call] = step

    def origin_of(self, error: BaseException, step: Open) -> Open | None:
        """The step that an error came from, which is on its way up in `step`; None where it begins there.

        Only steps above the first one can be on its way: elsewhere it is another error with the same address, as the
        next attempt's often is, or is raised anew.
        """
        origin = self.errors.get(id(error))
        return origin if origin is step or (origin is not None and step in origin.ancestors()) else None

    def attempt(self, what: Hashable) -> int:
        """The number of the attempt that begins at `what`: one more than have failed in a row."""
        return self.failed.get(what, 0) + 1

    def attempted(self, what: Hashable, attempt: int, *, failed: bool) -> None:
        """An attempt is over."""
        if failed and len(self.failed) < _MOST:
            self.failed[what] = attempt
        else:
            self.failed.pop(what, None)

    def forget(self) -> None:
        """The run is over: hold nothing of what it said."""
        self.once.forget()
        self.errors, self.asked, self.failed, self.points = {}, {}, {}, set()


class Open:
    """A step between its start and its end; `number` None for one that is left out of the log, 0 for the run itself."""

    # Of the class until they change: most steps never change them.
    number: int | None = None
    began: int = 0  # monotonic ns at which its work began; 0 until then, or where nobody knows
    first_ns: int = 0
    model: Any = None
    noted: dict[str, Any] | None = None
    answered: bool = False  # the whole answer was streamed; being cancelled afterwards is no failure
    attempt_of: Hashable = None
    attempt: int = 1

    def __init__(
        self,
        key: Hashable,
        kind: str,
        name: str | None,
        run: RunState,
        parent: Open | None,
        handed_down: HandedDown | None = None,
    ) -> None:
        """A step that begins under `parent`."""
        self.key = key
        self.kind = kind
        self.name = name
        self.run = run
        self.parent = parent
        self.inner: dict[Hashable, Open] = {}  # the open steps that this one is the parent of
        self.handed_down = handed_down

    @property
    def nearest_written(self) -> int:
        """This step's number or, where it is left out, that of the nearest ancestor that is not; 0 for the run."""
        return self.number if self.number is not None else self.written_parent

    @property
    def written_parent(self) -> int:
        """The number of the nearest ancestor that the log has; 0 for the run itself."""
        up = self.parent
        while up is not None:
            if up.number is not None:
                return up.number
            up = up.parent
        return 0

    @property
    def handed_down_above(self) -> HandedDown | None:
        """What the nearest step around this one that the log has hands down."""
        up = self.parent
        while up is not None and up.number is None:
            up = up.parent
        return None if up is None else up.handed_down

    @property
    def node(self) -> str | None:
        """The name of the graph node or workflow step this happens in."""
        return next((up.name for up in self.ancestors() if up.kind == "node"), None)

    def ancestors(self) -> Iterator[Open]:
        """From the parent up to the run's root."""
        up = self.parent
        while up is not None:
            yield up
            up = up.parent


def new_uuid7() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): ms since 1970 in front, so that ids sort by time."""
    value = (_CLOCK[0]() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
