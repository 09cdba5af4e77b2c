"""The steps that are open, by their adapters' keys, and those that ended lately."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final
from uuid import UUID

from steplog._write.steps.run_state import Open, RunState

_MOST_ENDED: Final = 512


def plain_key(key: Hashable) -> Hashable:
    """A key whose hash is C code: a `UUID`'s is not, and a hook asks for it seven times."""
    return key.int if type(key) is UUID else key


class OpenSteps:
    """Finds steps by key. Ended ones are remembered for late ends, second handlers and children that outlive parents."""

    __slots__ = ("_ended", "_inherited", "opened")

    def __init__(self, inherited: dict[Hashable, tuple[str, int]] | None = None) -> None:
        """No step is open; `inherited` are those that this process's parent had when it forked."""
        self.opened: dict[Hashable, Open] = {}
        self._ended: OrderedDict[Hashable, tuple[Open, bool]] = OrderedDict()
        self._inherited = inherited or {}

    def get(self, key: Hashable) -> Open | None:
        """The open step under this key."""
        return self.opened.get(key)

    def known(self, key: Hashable) -> Open | None:
        """The step under this key, open or ended lately."""
        found = self.opened.get(key)
        if found is None and (ended := self._ended.get(key)) is not None:
            return ended[0]
        return found

    def has(self, key: Hashable) -> bool:
        """Whether there is a step under this key, open or ended lately."""
        return key in self.opened or key in self._ended

    def inherited(self, key: Hashable) -> tuple[str, int] | None:
        """Run and step number of a step that the forking process had open."""
        return self._inherited.get(key)

    def begin(self, key: Hashable, kind: str, name: str | None, run: RunState) -> Open:
        """The first step of a run begins."""
        step = self.opened[key] = run.open[key] = Open(key, kind, name, run, None)
        return step

    def close(self, step: Open, *, implied: bool) -> bool:
        """A step ends; False where another thread has ended it at this moment."""
        key = step.key
        if self.opened.pop(key, None) is None:
            return False
        step.run.open.pop(key, None)
        if step.parent is not None:
            step.parent.inner.pop(key, None)
        # By the framework's word or by ours: remembered for late ends.
        ended = self._ended
        ended[key] = (step, implied)
        if len(ended) > _MOST_ENDED:
            ended.popitem(last=False)
        return True

    def take_implied(self, key: Hashable) -> Open | None:
        """The step under this key if its end was only implied, once."""
        found = self._ended.get(key)
        if found is None or not found[1]:
            return None
        self._ended[key] = (found[0], False)
        return found[0]

    def below(self, step: Open) -> Sequence[Open]:
        """The open steps below this one, innermost first."""
        is_root = step.run.root is step
        # A step that ends takes along what is below it, so there are no gaps.
        if not step.inner and not is_root:
            return ()
        others = tuple(step.run.open.values())
        return [
            inner
            for inner in reversed(others)
            if inner is not step and (is_root or step in inner.ancestors())
        ]

    def handed_down(self) -> dict[Hashable, tuple[str, int]]:
        """What a forked child inherits: run and number of each open step by key."""
        return {key: (step.run.hex, step.nearest_written) for key, step in tuple(self.opened.items())}

    def sizes(self) -> dict[str, int]:
        """How many are open and remembered."""
        return {"steps": len(self.opened), "ended": len(self._ended)}
