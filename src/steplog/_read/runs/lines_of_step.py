"""The lines of each step of a run, told apart: its start, its end, what else came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._format.record import CHAIN, ENVELOPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from steplog._format.record import Json, Record

_NOT_FIELDS = frozenset((*ENVELOPE, CHAIN))


class StepLines:
    """One step's lines. `first` and `last` are the places in the run, from 0, of its first line and its last."""

    __slots__ = ("_fields", "end", "first", "last", "more", "point", "start")

    def __init__(self, place: int) -> None:
        """The step whose first line stands there in the run."""
        self.first = self.last = place
        self.start: Record | None = None
        self.end: Record | None = None
        self.point: Record | None = None
        self.more: tuple[Record, ...] = ()
        self._fields: dict[str, Json] | None = None

    @property
    def kind(self) -> str:
        """What stands before the dot in its events; of a chain that turned out to be an agent its end says so."""
        return (self.end or self.start or self.point or self.more[0])["ev"].partition(".")[0]

    @property
    def fields(self) -> dict[str, Json]:
        """What the lines say, those of the end counting; its `messages` are further `candidates`."""
        if self._fields is None:
            fields: dict[str, Json] = {}
            for record in (*self.more, self.point, self.start):
                fields.update(own_fields(record))
            end = own_fields(self.end)
            if "messages" in end:
                end["candidates"] = end.pop("messages")
            self._fields = {**fields, **end}
        return self._fields


def own_fields(record: Record | None) -> dict[str, Json]:
    """A line's fields without its envelope."""
    return {name: value for name, value in (record or {}).items() if name not in _NOT_FIELDS}


def by_step(records: Iterable[Record]) -> dict[int, StepLines]:
    """The lines of each step by its number, in the order of the numbers."""
    steps: dict[int, StepLines] = {}
    for place, record in enumerate(records):
        number = record.get("step")
        if type(number) is not int:
            continue
        lines = steps.get(number)
        if lines is None:
            lines = steps[number] = StepLines(place)
        else:
            lines.last = place
        what = record["ev"].rpartition(".")[2]
        if what == "end":
            # A late real end after an implied one is the one that counts.
            if lines.end is None or not record.get("implied"):
                lines.end = record
        elif what == "start":
            # The newest says what it is: a chain may turn out to be an agent.
            lines.start = record if lines.start is None else {**lines.start, "ev": record["ev"]}
        elif what == "point":
            lines.point = lines.point or record
        else:  # llm.first_token, and what later versions may add
            lines.more = (*lines.more, record)
    in_order = sorted(steps)
    return steps if in_order == list(steps) else {number: steps[number] for number in in_order}


def parents(steps: Mapping[int, StepLines]) -> dict[int, int]:
    """Each step's parent, where there is one in the log; what would close a circle hangs on the run."""
    named: dict[int, int] = {}
    for number, lines in steps.items():
        records = (lines.start, lines.point, lines.end)
        parent = next((record["parent"] for record in records if record and "parent" in record), number)
        if type(parent) is int and parent in steps:
            named[number] = parent
    # Numbers grow from parent to child; every circle of a damaged log has a step for which they do not.
    found = {number: parent for number, parent in named.items() if parent < number}
    for number, parent in named.items():
        above: int | None = parent
        while above is not None and above != number and parent >= number:
            above = found.get(above)
        if above is None:
            found[number] = parent
    return found
