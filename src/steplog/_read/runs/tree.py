"""All steps of a run, and what their references point to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from weakref import ref

from steplog._read.runs.lines_of_step import StepLines, by_step, own_fields, parents
from steplog._read.runs.messages import collect_messages
from steplog._read.runs.references import Values
from steplog._read.runs.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steplog._format.record import Json, Record


class Tree:
    """The lines of a run as steps. It is held by the steps and not the other way round, so that both go when nobody

    looks at them any more, without waiting for the garbage collector.
    """

    def __init__(self, records: Sequence[Record], open_status: str) -> None:
        """`open_status` is what a step without an end is in this run."""
        self.records = records
        self.open_status = open_status
        self.lines: dict[int, StepLines] = by_step(records)
        self._steps: dict[int, ref[Step]] = {}

    def step(self, number: int) -> Step | None:
        """The step of that number: the same one for as long as somebody holds it."""
        known = self._steps.get(number)
        step = known() if known is not None else None
        if step is None and (lines := self.lines.get(number)) is not None:
            step = Step(number, lines, self)
            self._steps[number] = ref(step)
        return step

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, by number."""
        found = [self.step(number) for number in self.lines]
        return tuple(step for step in found if step is not None)

    @property
    def parents(self) -> Mapping[int, int]:
        """Each step's parent, where there is one in the log."""
        return self._parents

    @property
    def values(self) -> Values:
        """What `$m` and `$same` point to in this run."""
        return self._values

    @cached_property
    def _parents(self) -> dict[int, int]:
        return parents(self.lines)

    @cached_property
    def _values(self) -> Values:
        lines: dict[int, list[Record]] = {}
        for record in self.records:
            lines.setdefault(record.get("step") or 0, []).append(record)
        return Values(collect_messages(self.records), lines)

    @cached_property
    def end(self) -> Record | None:
        """The run's own end; a late real one counts over an implied one."""
        ends = [record for record in self.records if record["ev"] == "run.end"]
        real = [end for end in ends if not end.get("implied")]
        return (real or ends or [None])[-1]

    @cached_property
    def own_fields(self) -> dict[str, Json]:
        """The run's own fields, of its start and its end."""
        start = next((record for record in self.records if record["ev"] == "run.start"), None)
        return {**own_fields(start), **own_fields(self.end)}

    @cached_property
    def _children(self) -> dict[int | None, list[int]]:
        children: dict[int | None, list[int]] = {}
        for number in self.lines:
            children.setdefault(self.parents.get(number), []).append(number)
        return children

    def children_of(self, number: int | None) -> tuple[Step, ...]:
        """The children of a step, or of the run itself (None)."""
        found = [self.step(child) for child in self._children.get(number, ())]
        return tuple(step for step in found if step is not None)
