"""From a run's lines to its steps: starts and ends joined, children under parents."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from steplog._format.record import ENVELOPE
from steplog._read.runs.messages import collect_messages
from steplog._read.runs.references import Values
from steplog._read.runs.times import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from steplog._format.record import Json, Record

_ENVELOPE = frozenset(ENVELOPE)


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a run.

    `status` is the end's (`"ok"` if it says none); without an end `"running"`, `"crashed"` (its process died), or
    `"unfinished"` (its end is not in the log, and nothing says why). `ms` is the duration in milliseconds, None
    without an end and for points. `fields` are the start's and the end's as written; what an `llm.end` has in
    `messages` (further candidates) is `candidates` here. `implied`: the end was inferred by the writer. `open`: started,
    no end in the log. `start_lost`: there is no start. `point`: a step without duration (retry, interrupt, custom …).
    """

    number: int
    kind: str
    name: str
    status: str
    started: datetime | None
    ms: float | None
    fields: Mapping[str, Json]
    implied: bool
    open: bool
    start_lost: bool
    point: bool
    _parent: int | None = field(repr=False)
    _lines: tuple[int, int] = field(repr=False)  # where in the run its first and its last line stand
    _tree: Tree = field(repr=False)

    @property
    def parent(self) -> Step | None:
        """The step this one is part of; None for a child of the run itself."""
        return None if self._parent is None else self._tree.by_number.get(self._parent)

    @property
    def children(self) -> tuple[Step, ...]:
        """The steps that are part of this one, by number."""
        return self._tree.children_of(self.number)

    @property
    def usage(self) -> Mapping[str, int]:
        """Token counts as the format names them; empty if none are known."""
        usage = self.fields.get("usage")
        return usage if isinstance(usage, dict) else {}

    @property
    def error(self) -> Mapping[str, Json] | None:
        """What the step failed with: `type`, `message`, `stack` …; None if it did not fail."""
        error = self.fields.get("error")
        return error if isinstance(error, dict) else None

    @property
    def prompt(self) -> list[Record]:
        """The messages the model was sent, whole and in order; empty for steps other than `llm`."""
        return self._tree.values.prompt(self.fields.get("prompt"), self._lines[0])

    @property
    def prompt_numbers(self) -> tuple[int | str, ...]:
        """The numbers of the messages the model was sent; what is no number in a damaged log as it stands."""
        return self._tree.values.numbers(self.fields.get("prompt"))

    @property
    def asked(self) -> Record | None:
        """The last message the model was sent; None for steps other than `llm`."""
        numbers, values, line = self.prompt_numbers, self._tree.values, self._lines[0]
        return values.resolve(values.message(numbers[-1], line), line) if numbers else None

    @property
    def message(self) -> Record | None:
        """The answer of a model, or a tool's message, whole; None if there is none."""
        message = self.fields.get("message")
        if isinstance(message, int):
            message = self._tree.values.message(message, self._lines[1])
        whole = self._tree.values.resolve(message, self._lines[1])
        return whole if isinstance(whole, dict) else None

    def field(self, name: str) -> Json:
        """One field with every reference in it followed; None if the step does not have it."""
        return self._tree.values.resolve(self.fields.get(name), self._lines[1])

    def resolved(self) -> dict[str, Json]:
        """The fields with every reference followed.

        `$m` and `$same` are replaced by the values; `prompt` is the list of messages, so the start's `messages` (those
        of them that were new) is left out; `message` and `candidates` are whole messages. Other markers (`$cut`,
        `$blob` …) stay, and so does the second `$` of a program's own keys that begin with one.
        """
        values = self._tree.values
        fields = {name: self.field(name) for name in self.fields if name != "messages"}
        if "prompt" in fields:
            fields["prompt"] = self.prompt
        if "message" in fields:
            fields["message"] = self.message
        if isinstance(fields.get("candidates"), list):
            fields["candidates"] = [
                values.message(c) if isinstance(c, int) else c for c in fields["candidates"]
            ]
        return fields

    def __str__(self) -> str:
        """Everything about the step, as `steplog show RUN STEP` prints it."""
        from steplog._show.step_page import step_lines  # noqa: PLC0415 -- reading needs no pictures

        return "\n".join(step_lines(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 -- IPython's signature
        """In IPython's terminal the same."""
        printer.text(repr(self) if cycle else str(self))

    def _repr_html_(self) -> str:
        """In a notebook the same, as HTML."""
        from steplog._show.html import step_html  # noqa: PLC0415 -- as above

        return step_html(self)


@dataclass(slots=True)
class _Parts:
    """The lines of one step while they are gathered."""

    kind: str = ""
    start: Record | None = None
    end: Record | None = None
    lines: tuple[int, int] = (0, 0)
    point: Record | None = None
    extra: list[Record] = field(default_factory=list["Record"])


class Tree:
    """All steps of a run, and what their references point to."""

    def __init__(self, records: Sequence[Record], open_status: str) -> None:
        self._records = records
        self._open_status = open_status
        self.start = _first(records, "run.start")
        self.end = _last_end(records)

    @cached_property
    def by_number(self) -> dict[int, Step]:
        """The steps in order of their numbers."""
        parts = _gather(self._records)
        parents = _parents(parts)
        return {number: self._step(number, parts[number], parents.get(number)) for number in sorted(parts)}

    @cached_property
    def values(self) -> Values:
        """What `$m` and `$same` point to in this run."""
        lines: dict[int, list[Record]] = {}
        for record in self._records:
            lines.setdefault(record.get("step") or 0, []).append(record)
        return Values(collect_messages(self._records), lines)

    @cached_property
    def own_fields(self) -> dict[str, Json]:
        """The run's own fields, of its start and its end."""
        return {**_fields(self.start), **_fields(self.end)}

    @cached_property
    def _children(self) -> dict[int | None, tuple[Step, ...]]:
        children: dict[int | None, list[Step]] = {}
        for step in self.by_number.values():
            parent = step.parent
            children.setdefault(None if parent is None else parent.number, []).append(step)
        return {number: tuple(steps) for number, steps in children.items()}

    def children_of(self, number: int | None) -> tuple[Step, ...]:
        """The children of a step, or of the run itself (None)."""
        return self._children.get(number, ())

    def _step(self, number: int, parts: _Parts, parent: int | None) -> Step:
        first = parts.start or parts.point or parts.end or parts.extra[0]
        end = parts.end or {}
        fields = _merged(parts)
        is_open = parts.end is None and parts.point is None
        return Step(
            number=number,
            kind=parts.kind,
            name=_name(fields),
            status=self._open_status if is_open else str(end.get("status", "ok")),
            started=moment(first.get("ts")) if first is not parts.end else None,
            ms=_number(end.get("ms")),
            fields=fields,
            implied=end.get("implied") is True,
            open=is_open,
            start_lost=(parts.start is None and parts.point is None) or fields.get("start_lost") is True,
            point=parts.point is not None and parts.start is None,
            _parent=parent,
            _lines=parts.lines,
            _tree=self,
        )


def _gather(records: Iterable[Record]) -> dict[int, _Parts]:
    gathered: dict[int, _Parts] = {}
    for line, record in enumerate(records):
        step = record.get("step")
        if step is None:
            continue
        parts = gathered.setdefault(step, _Parts(lines=(line, line)))
        parts.lines = (parts.lines[0], line)
        kind, _, what = record["ev"].partition(".")
        if what in ("start", "end") or not parts.kind:
            parts.kind = kind  # the newest says it: what began as a chain may turn out to be an agent
        if what == "start":
            parts.start = parts.start or record
        elif what == "end":
            # A late real end after an implied one is the one that counts.
            if parts.end is None or not record.get("implied"):
                parts.end = record
        elif what == "point":
            parts.point = parts.point or record
        else:  # llm.first_token, and what later versions may add
            parts.extra.append(record)
    return gathered


def _merged(parts: _Parts) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    for record in (*parts.extra, parts.point, parts.start):
        fields.update(_fields(record))
    end = _fields(parts.end)
    if "messages" in end:
        end["candidates"] = end.pop("messages")
    return {**fields, **end}


def _fields(record: Record | None) -> dict[str, Json]:
    return {name: value for name, value in (record or {}).items() if name not in _ENVELOPE}


def _parents(parts: Mapping[int, _Parts]) -> dict[int, int]:
    """Each step's parent, where there is one in the log; what would close a circle hangs on the run."""
    named: dict[int, int] = {}
    for number, part in parts.items():
        records = (part.start, part.point, part.end)
        parent: int = next((record["parent"] for record in records if record and "parent" in record), number)
        if parent in parts:
            named[number] = parent
    # Numbers grow from parent to child; every circle of a damaged log has a step for which they do not.
    parents = {number: parent for number, parent in named.items() if parent < number}
    for number, parent in named.items():
        above: int | None = parent
        while above is not None and above != number and parent >= number:
            above = parents.get(above)
        if above is None:
            parents[number] = parent
    return parents


def _name(fields: Mapping[str, Json]) -> str:
    for field_name in ("name", "model"):
        if isinstance(fields.get(field_name), str):
            return str(fields[field_name])
    return ""


def _number(value: Json) -> float | None:
    return value if isinstance(value, int | float) else None


def _first(records: Iterable[Record], ev: str) -> Record | None:
    return next((record for record in records if record["ev"] == ev), None)


def _last_end(records: Iterable[Record]) -> Record | None:
    ends = [record for record in records if record["ev"] == "run.end"]
    return next((end for end in reversed(ends) if not end.get("implied")), ends[-1] if ends else None)
