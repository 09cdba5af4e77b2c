"""The steps that are open, by their adapters' keys, those that ended lately, and those of a process before a fork."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, NamedTuple
from uuid import UUID

from steplog._write.steps.states import ENDED, IMPLIED, StepState

_MOST_ENDED: Final = 512


class Place(NamedTuple):
    """Where a step is: the run's 16 digits, its number or that of the nearest that is written, its name."""

    run: str
    step: int
    name: str | None


def _place_of(step: StepState) -> Place:
    return Place(step.run.hex, step.nearest_written, step.name)


def _as_parent(place: Place) -> dict[str, str | int]:
    return {"parent_run": place.run, **({"parent_step": place.step} if place.step else {})}


def plain_key(key: Hashable) -> Hashable:
    """A key whose hash is C code: a `UUID`'s is not, and a hook asks for it seven times."""
    return key.int if type(key) is UUID else key


class OpenSteps:
    """Finds steps by key. Ended ones are remembered for late ends, second handlers and children that outlive parents."""

    __slots__ = ("ended", "inherited", "opened")

    def __init__(self, inherited: dict[Hashable, Place] | None = None) -> None:
        """No step is open; `inherited` are those that this process's parent had open when it forked."""
        self.opened: dict[Hashable, StepState] = {}
        self.ended: OrderedDict[Hashable, StepState] = OrderedDict()
        self.inherited = inherited or {}

    def get(self, key: Hashable) -> StepState | None:
        """The open step under this key."""
        return self.opened.get(plain_key(key))

    def known(self, key: Hashable) -> StepState | None:
        """The step under this key, open or ended lately."""
        key = plain_key(key)
        return self.opened.get(key) or self.ended.get(key)

    def place_of(self, key: Hashable) -> dict[str, str | int]:
        """What a run that begins inside of this step says of it; nothing of an unknown one."""
        step = self.known(key)
        return {} if step is None else _as_parent(_place_of(step))

    def elsewhere(self, key: Hashable) -> dict[str, str | int]:
        """The same of a step that began in another process, or before the recording."""
        inherited = self.inherited.get(plain_key(key))
        if inherited is not None:
            return _as_parent(inherited)
        return {"parent_run": key.hex[16:]} if isinstance(key, UUID) else {}

    def close(self, step: StepState, *, implied: bool) -> bool:
        """A step ends; False where another thread has ended it at this moment."""
        key = step.key
        if self.opened.pop(key, None) is None:
            return False
        if step.parent is not None:
            step.parent.inner.pop(key, None)
            if step.run.late:
                step.run.late.pop(key, None)
        step.state = IMPLIED if implied else ENDED
        ended = self.ended
        ended[key] = step
        if len(ended) > _MOST_ENDED:
            ended.popitem(last=False)
        return True

    def ended_really(self, key: Hashable) -> StepState | None:
        """The step under this key if its end was only implied; once, as it has ended really now."""
        step = self.ended.get(key)
        if step is None or step.state != IMPLIED:
            return None
        step.state = ENDED
        return step

    def oldest_beside(self, step: StepState | None) -> StepState | None:
        """The step that has been open for the longest time, but for `step` and those it is part of, or one inside of that.

        Without open steps of its own, so that its end is one line.
        """
        above = set[StepState]() if step is None else {step, *step.ancestors()}
        try:
            oldest = next((found for found in self.opened.values() if found not in above), None)
            while oldest is not None and oldest.inner:
                oldest = next(iter(oldest.inner.values()))
        except (RuntimeError, StopIteration):  # another thread begins or ends a step: the next time will do
            return None
        return oldest

    def handed_down(self) -> dict[Hashable, Place]:
        """What a forked child inherits, by key."""
        return self.inherited | {key: _place_of(step) for key, step in tuple(self.opened.items())}

    def sizes(self) -> dict[str, int]:
        """How many are open and remembered."""
        return {"steps": len(self.opened), "ended": len(self.ended)}
