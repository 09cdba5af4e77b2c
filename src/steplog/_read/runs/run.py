"""One run: what a listing shows of it at once, everything else read again when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from steplog._notes.note import labels_of_runs
from steplog._read.files.liveness import INTERRUPTED
from steplog._read.runs.checkpoints import config_at, config_of_run
from steplog._read.runs.columns import rows_of
from steplog._read.runs.displayed import notebook_html, tree_text
from steplog._read.runs.launched import place_of
from steplog._read.runs.noted import NoteFields, noted_of, take_note
from steplog._read.runs.resumed import Answer, answered, waited
from steplog._read.runs.source import totals_note
from steplog._read.runs.times import moment
from steplog._read.runs.typed import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from steplog._format.record import Json, Record
    from steplog._notes.note import Note
    from steplog._read.files.lines import BadLine
    from steplog._read.runs.source import Source
    from steplog._read.runs.step import Step


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """One run, as its log stood when it was read. What is not known is None, or empty."""

    _source: Source = field(repr=False)

    @property
    def id(self) -> str:
        """The 16 hex digits on its lines."""
        return self._source.lines.id

    @property
    def uuid(self) -> str:
        """Its whole id."""
        return _text(self._source.start.get("id"))

    @property
    def name(self) -> str:
        """What the program calls it."""
        return _text(self._source.start.get("name"))

    @property
    def framework(self) -> str:
        """The framework that ran it."""
        return _text(self._source.start.get("framework"))

    @property
    def status(self) -> str:
        """Its own word: `"ok"`, `"error"`, `"cancelled"`, `"interrupted"`, `"abandoned"`, `"handoff"`.

        Without an end `"running"`, `"crashed"`, or `"unfinished"`: on another machine, so that nobody can tell from here.
        """
        return self._source.status

    @property
    def started(self) -> datetime | None:
        """When it began, in UTC; where its beginning is lost, the time of its first line."""
        return moment(self._source.began)

    @property
    def ms(self) -> float | None:
        """Its duration in milliseconds; without an end, up to its last line."""
        return self._source.ms

    @property
    def thread(self) -> str:
        """The conversation it belongs to."""
        return _text(self._source.start.get("thread"))

    @property
    def resumes(self) -> str:
        """The run that was interrupted and that this one goes on with, as its writer knew it; see `resumed`."""
        return _text(self._source.start.get("resumes"))

    @cached_property
    def resumed(self) -> Run | None:
        """The run in the log that this one goes on with, also where another process recorded it; None if there is none."""
        return waited(self, map(Run, self._source.before()))

    @property
    def goes_on_from(self) -> str:
        """The id of that run, or of the one that `resumes` names where the log does not have it; empty without one."""
        return self.resumes if self.resumed is None else self.resumed.id

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What humans answered in it, each with the question that it answers."""
        return answered(self, self.resumed)

    @property
    def parent_run(self) -> str:
        """The run in whose step it ran, in another process or under another framework, or which launched it."""
        return self._place[0]

    @property
    def parent_step(self) -> int | None:
        """The number of that step."""
        return self._place[1]

    @cached_property
    def _place(self) -> tuple[str, int | None]:
        return place_of(self, self._source.start, map(Run, self._source.before()))

    @property
    def totals_written(self) -> Mapping[str, Json]:
        """The totals that its last line says; empty without one."""
        return self._source.totals_written

    @property
    def totals(self) -> Mapping[str, Json]:
        """What it took: counts, tokens by kind, and the models; zeros are left out.

        The sums of its steps, or what `totals_written` says where that is more: see `totals_note`.
        """
        return self._source.totals

    @property
    def totals_note(self) -> str:
        """How `totals_written` differs from what its steps add up to, and why, in a sentence; empty if it does not."""
        return totals_note(self._source)

    @property
    def masked(self) -> Mapping[str, int]:
        """How many secrets of each kind were masked in it."""
        return masked if isinstance(masked := (self._source.end or {}).get("masked"), dict) else {}

    @property
    def tags(self) -> tuple[str, ...]:
        """The run's tags."""
        tags = self._told("tags")
        return tuple(tags) if isinstance(tags, list) else ()

    @property
    def metadata(self) -> Mapping[str, Json]:
        """The run's metadata."""
        metadata = self._told("metadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def writer(self) -> Mapping[str, Json]:
        """The `log.open` of the process that began it."""
        return self._source.catalogue.writer(self._source.lines, self._source.lines.writer)[0]

    @property
    def file(self) -> Path:
        """Where it begins."""
        return self.files[0]

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that it stands in."""
        return self._source.files

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was noted of it and of its steps, in order of time."""
        return noted_of(self._source)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that stand on it or on any of its steps."""
        return labels_of_runs(self.notes).get(self.id, ())

    def note(self, text: str = "", **given: Unpack[NoteFields]) -> Note:
        """Notes something of the run, or with `step` of that step, in `notes.jsonl` beside the log, which stays as it is.

        labels, removed: words that it gets or loses, one or several. score: a number. by: who says so. Secrets are masked.
        Raises: NotFound if there is no such step; LogError if no note can say that, or it cannot be written.
        """
        return take_note(self._source, self.name, self.error, {**given, "text": text})

    def records(self) -> Iterator[Record]:
        """The run's lines as written, each once, in the order of its writer's numbers. They are not to be changed.

        Raises: LogError if a file is gone, or was changed since the log was read.
        """
        yield from self._source.tree.records

    def rows(self, kinds: frozenset[str] | None, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """A flat row for each of its steps; see `Log.iter_steps`."""
        return rows_of(self.id, self._source.tree, kinds, columns)

    @property
    def bad(self) -> tuple[BadLine, ...]:
        """Lines that were the run's and are damaged."""
        return self._source.read[1]

    @property
    def children(self) -> tuple[Step, ...]:
        """The steps that are part of no other step."""
        return self._source.tree.children_of(None)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, by number."""
        return self._source.tree.steps

    @property
    def in_flight(self) -> tuple[Step, ...]:
        """The steps that started and have no end: what the run is doing, or was doing when its process died."""
        return tuple(step for step in self.steps if step.open)

    @property
    def tools(self) -> list[str]:
        """The names of the tools it called, in order, each as often as it was called."""
        return [step.name for step in self.steps if step.kind == "tool"]

    def step(self, number: int) -> Step:
        """The step of that number.

        Raises: NotFound.
        """
        return self._source.step(number)

    def prompt(self, step: Step | int) -> list[Record]:
        """The messages that an `llm` step sent to its model, whole and in order, as the log has them.

        Raises: NotFound if there is no such step.
        """
        return (self.step(step) if isinstance(step, int) else step).prompt

    def config(self, step: Step | int | None = None) -> Record | None:
        """The `config` with which LangGraph goes on from, or forks at, a node; of the run itself, where it was interrupted.

        Where a run's stream was left at the question, that is where the node that asks stands in the outermost graph.
        None where no checkpointer was in use. Raises: NotFound if there is no such step.
        """
        if step is None:
            return config_of_run(self._field("checkpoint"), self.status, self.steps, self.thread)
        fields = (self.step(step) if isinstance(step, int) else step).fields
        return config_at(fields.get("checkpoint"), self.thread)

    @property
    def messages(self) -> tuple[Record, ...]:
        """Every message of the run once, whole, by number, as the log has them."""
        values = self._source.tree.values
        return tuple(values.resolve(values.message(number)) for number in values.messages.numbers())

    @property
    def conversation(self) -> tuple[Message, ...]:
        """Every message of the run once, whole, by number."""
        return tuple(map(Message.of, self.messages))

    @property
    def input(self) -> Json:
        """What the run was called with, references followed; None if it is not known."""
        return self._field("input")

    @property
    def output(self) -> Json:
        """What the run returned, references followed; None if it is not known."""
        return self._field("output")

    @property
    def error(self) -> Mapping[str, Json] | None:
        """What the run failed with: `type`, `message`, and `step` where it came from; None if it did not fail."""
        if self.status == INTERRUPTED:
            return None  # that its stream was left at the question is how such a run is served
        error = self._field("error")
        return error if isinstance(error, dict) else None

    def __repr__(self) -> str:
        """The run in one line."""
        return f"<Run {self.id} {self.name} {self.status}>"

    def __str__(self) -> str:
        """The run as a tree, as `steplog show` prints it."""
        return tree_text(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 -- IPython's signature
        """In IPython's terminal the tree, too."""
        printer.text(repr(self) if cycle else str(self))

    def _repr_html_(self) -> str:
        """In a notebook the page, in a frame of its own; a tree to unfold where a run is too large for that."""
        return notebook_html(self)

    def _told(self, name: str) -> Json:
        """A field of its start; read again where a listing does not keep it."""
        value = self._source.start.get(name)
        return self._field(name) if value is None and name in self._source.start else value

    def _field(self, name: str) -> Json:
        return self._source.tree.values.resolve(self._source.tree.own_fields.get(name))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
