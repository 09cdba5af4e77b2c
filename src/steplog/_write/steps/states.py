"""What is known of a run and of its steps between their hooks; freed when the run ends."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any, Final

from steplog._write.said.run_memory import RunMemory
from steplog._write.steps.handed_down import HandedDown
from steplog._write.steps.totals import RunTotals

_CLOCK: Final = (time.time_ns,)  # in a tuple, where tools that freeze the clock do not find it
_MOST: Final = (
    10_000  # of each kind of thing that a run remembers by the thing's own key; then the oldest goes
)

OPEN: Final = 0
ENDED: Final = 1
IMPLIED: Final = 2  # nobody said that it ended: that was inferred, and its real end may still come


class RunState:
    """A run that is being recorded."""

    __slots__ = (
        "budget", "called", "errors", "failures", "hex", "late", "masked", "memory", "next_number", "points", "thread", "tool_calls", "totals",
        "uuid",
    )  # fmt: skip

    def __init__(self, run_id: uuid.UUID, short: str) -> None:
        """A run with nothing in it; `short`, its 16 digits, are others than those of an id that was used before."""
        self.uuid = run_id
        self.hex = short
        self.memory = RunMemory()
        self.totals = RunTotals()
        self.masked: dict[str, int] = {}  # kind of secret -> how many were masked
        self.next_number: Callable[[], int] = count(
            1
        ).__next__  # one C call: no two threads get the same number
        self.thread: Any = None
        self.budget: Any = None  # where a guard is on, the `Budget` of `watch`, which knows this class
        self.late: dict[Hashable, StepState] = {}  # open steps whose parents have ended
        self.errors: dict[int, StepState] = {}  # `id()` of an error -> the step it came from
        self.points: dict[
            Hashable, None
        ] = {}  # interrupts that are told already and come by again on their way up
        self.tool_calls: dict[
            str, int
        ] = {}  # a tool call's id -> the step of the model call that asked for it
        self.called: dict[str, int] = {}  # ids of calls -> the tool step that was made for it
        # What was tried and failed -> how many times in a row, and the number of the last step that did.
        self.failures: dict[Hashable, tuple[int, int | None]] = {}

    def asks_for(self, call_ids: object, step: int) -> None:
        """A model's answer in `step` asks for tool calls with these ids."""
        for call_id in call_ids if type(call_ids) is list else ():
            if type(call_id) is str:
                _remember(self.tool_calls, call_id, step)

    def calls(self, call_id: str, step: int) -> None:
        """A tool is called in `step`."""
        _remember(self.called, call_id, step)

    def is_first_time(self, point: Hashable) -> bool:
        """Whether this point was not told in this run before."""
        if point in self.points:
            return False
        _remember(self.points, point, None)
        return True

    def comes_from(self, error: BaseException, step: StepState) -> None:
        """An error begins in `step`."""
        _remember(self.errors, id(error), step)

    def origin_of(self, error: BaseException, step: StepState) -> StepState | None:
        """The step that an error came from, which is on its way up in `step`; None where it begins there.

        Only steps above the first one can be on its way: elsewhere it is another error with the same address, as the
        next attempt's often is, or is raised anew.
        """
        origin = self.errors.get(id(error))
        return origin if origin is step or (origin is not None and step in origin.ancestors()) else None

    def failed_with(self, error: object) -> int | None:
        """The number of the step that an error began in; None where none is known, or it has no line."""
        origin = self.errors.get(id(error))
        return None if origin is None else origin.number or None

    def attempt_over(self, step: StepState, *, failed: bool) -> None:
        """A step that tries something is over; how often it failed in a row is what numbers the next attempt."""
        if failed:
            _remember(self.failures, step.tries, (step.attempt, step.number))
        else:
            self.failures.pop(step.tries, None)

    def forget(self) -> None:
        """The run is over: hold nothing of what it said."""
        self.memory.forget()
        self.errors, self.points, self.tool_calls, self.called, self.failures = {}, {}, {}, {}, {}


def _remember(memory: dict[Any, Any], key: Hashable, value: object) -> None:
    memory[key] = value
    if len(memory) > _MOST:
        with suppress(RuntimeError):  # another thread adds to it at this moment
            memory.pop(next(iter(memory)), None)


class StepState:
    """A step from its start on; `number` None for one that is left out of the log, 0 for the run itself."""

    # Slots, as what is found in the class costs ten times as much.
    __slots__ = (
        "attempt", "began", "first_token_at", "handed_down", "has_answer", "inner", "key", "kind", "model", "more_fields",
        "name", "number", "parent", "run", "state", "tries",
    )  # fmt: skip

    def __init__(
        self,
        key: Hashable,
        kind: str,
        name: str | None,
        run: RunState,
        parent: StepState | None,
        handed_down: HandedDown | None = None,
    ) -> None:
        """A step that begins under `parent`; None for the run's root."""
        self.key = key
        self.kind = kind
        self.name = name
        self.run = run
        self.parent = parent
        self.handed_down = handed_down  # tags and metadata that hold in it
        self.inner: dict[Hashable, StepState] = {}  # the open steps below it that began while it was open
        self.state = OPEN
        self.number: int | None = None
        self.began = 0  # monotonic ns at which its work began; 0 where nobody knows, as its start is lost
        self.first_token_at = 0  # monotonic ns
        self.has_answer = False  # the whole answer was streamed; being cancelled afterwards is no failure
        self.model: Any = None
        self.tries: Hashable = None  # what it is an attempt of
        self.attempt = 1
        # What its end line shall carry beside what its end tells.
        self.more_fields: dict[str, Any] | None = None

    @property
    def nearest_written(self) -> int:
        """This step's number or, where it is left out, that of the nearest ancestor that is not; 0 for the run."""
        step: StepState | None = self
        while step is not None:
            if step.number is not None:
                return step.number
            step = step.parent
        return 0

    @property
    def node(self) -> str | None:
        """The name of the graph node or workflow step this happens in."""
        return next((up.name for up in self.ancestors() if up.kind == "node"), None)

    @property
    def handed_down_above(self) -> HandedDown | None:
        """What the nearest step around this one that the log has hands down."""
        up = self.parent
        while up is not None and up.number is None:
            up = up.parent
        return None if up is None else up.handed_down

    def ancestors(self) -> Iterator[StepState]:
        """From the parent up to the run's root."""
        up = self.parent
        while up is not None:
            yield up
            up = up.parent

    def open_below(self) -> list[StepState]:
        """The open steps below this one, innermost first."""
        found = [step for step in tuple(self.run.late.values()) if self in step.ancestors()]
        todo = [self, *found]
        while todo:
            inner = tuple(todo.pop().inner.values())
            found += inner
            todo += inner
        return found[::-1]


def new_uuid7() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): ms since 1970 in front, so that ids sort by time."""
    value = (_CLOCK[0]() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
