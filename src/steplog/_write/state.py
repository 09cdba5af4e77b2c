"""What is known of runs and steps between their hooks: one place, bounded, freed when a run ends."""

from __future__ import annotations

import os
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from itertools import count
from typing import Any, Final

from steplog._write.once import Once
from steplog._write.totals import Totals

_MOST_ENDED: Final = 1024
_CLOCK: Final = (time.time_ns,)


class RunState:
    """A run that is being recorded."""

    __slots__ = ("errors", "hex", "masked", "next_number", "once", "open", "root", "totals", "uuid")

    def __init__(self, run_id: uuid.UUID) -> None:
        """A run with this id and nothing in it."""
        self.uuid = run_id
        self.hex = run_id.hex[16:]
        self.once = Once()
        self.totals = Totals()
        self.masked: dict[str, int] = {}
        self.open: dict[Hashable, Open] = {}
        self.errors: dict[int, int] = {}  # id() of an error on its way up -> the step it came from
        self.next_number: Callable[[], int] = count(1).__next__
        self.root: Open | None = None


class Open:
    """A step between its start and its end; `number` None for one that is left out of the log, 0 for the run itself."""

    __slots__ = ("began", "first_ns", "key", "kind", "model", "name", "number", "parent", "run")

    def __init__(
        self, key: Hashable, kind: str, name: str | None, run: RunState, parent: Open | None
    ) -> None:
        """A step that begins now under `parent`."""
        self.key = key
        self.kind = kind
        self.name = name
        self.run = run
        self.parent = parent
        self.number: int | None = None
        self.began = 0
        self.first_ns = 0
        self.model: Any = None

    @property
    def written_parent(self) -> int:
        """The number of the nearest ancestor that the log has; 0 for the run itself."""
        return next((up.number for up in self.ancestors() if up.number is not None), 0)

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


class Ended:
    """The keys of steps that ended, newest kept: for late ends, second handlers, and children that outlive parents."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        """Nothing ended yet."""
        self._steps: OrderedDict[Hashable, tuple[Open, bool]] = OrderedDict()

    def add(self, step: Open, *, implied: bool) -> None:
        """A step that ended, by the framework's word or by ours."""
        self._steps.pop(step.key, None)
        self._steps[step.key] = (step, implied)
        if len(self._steps) > _MOST_ENDED:
            self._steps.popitem(last=False)

    def get(self, key: Hashable) -> Open | None:
        """The step that ended under this key."""
        found = self._steps.get(key)
        return None if found is None else found[0]

    def take_implied(self, key: Hashable) -> Open | None:
        """The step under this key if its end was only implied, once."""
        found = self._steps.get(key)
        if found is None or not found[1]:
            return None
        self._steps[key] = (found[0], False)
        return found[0]

    def forget(self, key: Hashable) -> None:
        """The key begins anew."""
        self._steps.pop(key, None)

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._steps)


def new_uuid7() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): ms since 1970 in front, so that ids sort by time."""
    value = (_CLOCK[0]() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
