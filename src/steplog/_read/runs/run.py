"""One run: what a listing shows of it at once, everything else read again when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from steplog._read.errors import LogError, NotFound
from steplog._read.files.lines import Line, open_segment, scan
from steplog._read.files.liveness import CRASHED, INTERRUPTED, RUNNING, UNFINISHED, liveness
from steplog._read.runs.step import Step, Tree
from steplog._read.runs.times import moment, ms_between
from steplog._show import frames

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from steplog._format.record import Json, Record
    from steplog._read.files.one_pass import Summary


@dataclass(frozen=True, eq=False)
class Run:
    """One run, as its log stood when it was read.

    `id` is the 16 hex digits on its lines, `uuid` the whole of it. `status` is the run's own (`"ok"`, `"error"`,
    `"cancelled"`, `"interrupted"`, `"abandoned"`, `"handoff"`), or, without an end, `"running"`, `"crashed"` or
    `"unfinished"` (another machine's: nobody can tell from here). `ms` is its duration in milliseconds; without an end,
    up to its last line. `totals` are the run's own, or counted by the reader. `writer` is the `log.open` of the process
    that began it; `file` where it begins, `files` all that it stands in.
    """

    id: str
    uuid: str
    name: str
    framework: str
    status: str
    started: datetime | None
    ms: float | None
    totals: Mapping[str, Json]
    thread: str
    resumes: str
    parent_run: str
    parent_step: int | None
    masked: Mapping[str, int]
    writer: Mapping[str, Json]
    file: Path
    files: tuple[Path, ...]
    _places: Mapping[Path, array[int]] = field(repr=False)

    @cached_property
    def _tree(self) -> Tree:
        open_status = self.status if self.status in (RUNNING, CRASHED) else UNFINISHED
        return Tree(list(self.records()), open_status)

    def records(self) -> Iterator[Record]:
        """The run's lines as written, in the order of the log.

        Raises: LogError if a file is gone, or was changed since the log was read.
        """
        if len(self._places) == 1:
            yield from self._records_of(self.file)
            return
        # Several processes' lines, or a rotated writer's: time puts them in order, and never runs backwards in one writer.
        everything = [record for file in self.files for record in self._records_of(file)]
        yield from sorted(everything, key=lambda record: record.get("ts") or "")

    def _records_of(self, file: Path) -> Iterator[Record]:
        try:
            with open_segment(file) as stream:
                for offset in self._places[file]:
                    stream.seek(offset)
                    found = next(scan(stream, file, offset=offset or 1), None)
                    if not isinstance(found, Line) or found.record.get("run") != self.id:
                        raise LogError(f"{file} was changed since the log was read: read it again")
                    yield found.record
        except OSError as error:
            raise LogError(f"cannot read {file} again: {error.strerror}") from None

    @property
    def children(self) -> tuple[Step, ...]:
        """The steps that are part of no other step."""
        return self._tree.children_of(None)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, by number."""
        return tuple(self._tree.by_number.values())

    @property
    def in_flight(self) -> tuple[Step, ...]:
        """The steps that started and have no end: what the run is doing, or was doing when its process died."""
        return tuple(step for step in self.steps if step.open)

    def step(self, number: int) -> Step:
        """The step of that number.

        Raises: NotFound.
        """
        found = self._tree.by_number.get(number)
        if found is None:
            last = max(self._tree.by_number, default=0)
            has = f"its steps go from 1 to {last}" if last else "it has no steps"
            raise NotFound(f"run {self.id} has no step {number}: {has}")
        return found

    def prompt(self, step: Step | int) -> list[Record]:
        """The messages that an `llm` step sent to its model, whole and in order.

        Raises: NotFound if there is no such step.
        """
        return (self.step(step) if isinstance(step, int) else step).prompt

    def config(self, step: Step | int | None = None) -> Record | None:
        """The `config` with which LangGraph goes on from, or forks at, a node; of the run itself, where it was interrupted.

        None where no checkpointer was in use. Raises: NotFound if there is no such step.
        """
        found = self.step(step) if isinstance(step, int) else step
        place = self._field("checkpoint") if found is None else found.fields.get("checkpoint")
        if not isinstance(place, dict):
            return None
        names = {"thread_id": place.get("thread_id", self.thread), "checkpoint_ns": place.get("ns", "")}
        given = {**names, "checkpoint_id": place.get("id")}
        return {"configurable": {name: value for name, value in given.items() if value is not None}}

    @property
    def messages(self) -> tuple[Record, ...]:
        """Every message of the run once, whole, by number."""
        values = self._tree.values
        return tuple(values.resolve(values.message(number)) for number in values.messages.numbers())

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
        error = self._field("error")
        return error if isinstance(error, dict) else None

    @property
    def tags(self) -> tuple[str, ...]:
        """The run's tags."""
        tags = self._field("tags")
        return tuple(tags) if isinstance(tags, list) else ()

    @property
    def metadata(self) -> Mapping[str, Json]:
        """The run's metadata."""
        metadata = self._field("metadata")
        return metadata if isinstance(metadata, dict) else {}

    def __str__(self) -> str:
        """The run as a tree, as `steplog show` prints it."""
        from steplog._show.run_tree import run_lines  # noqa: PLC0415 -- a listing needs no pictures

        try:
            return "\n".join(run_lines(self))
        except LogError as error:
            return f"run {self.id}: {error}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 -- IPython's signature
        """In IPython's terminal the tree, too."""
        printer.text(repr(self) if cycle else str(self))

    def _repr_html_(self) -> str:
        """In a notebook the page, in a frame of its own; a tree to unfold where a run is too large for that."""
        from steplog._show.html import run_html, sentence_html  # noqa: PLC0415 -- a listing needs no pictures

        try:
            frame = frames.bound.run(self) if frames.bound else None
            return frame or run_html(self)
        except LogError as error:
            return sentence_html(f"run {self.id}: {error}")

    def _field(self, name: str) -> Json:
        return self._tree.values.resolve(self._tree.own_fields.get(name))


def _status(end: Record) -> str:
    # A graph that stops for a human ends well as far as its framework is concerned: what waits is told by its totals.
    totals = end.get("totals")
    waits = isinstance(totals, dict) and bool(totals.get("interrupts"))
    return str(end.get("status") or (INTERRUPTED if waits else "ok"))


def run_of(summary: Summary) -> Run:
    """The run that a pass over the log found; whether it still runs is looked up now."""
    start, end = summary.start, summary.end
    status = _status(end) if end is not None else liveness(_writers(summary))
    began = start.get("ts") or summary.first_ts
    duration = end.get("ms") if end is not None else None
    totals = end.get("totals") if end is not None else None
    first_writer = next(iter(summary.writers.values()))
    return Run(
        id=summary.id,
        uuid=_text(start.get("id")),
        name=_text(start.get("name")),
        framework=_text(start.get("framework")),
        status=status,
        started=moment(began),
        ms=duration if isinstance(duration, int | float) else ms_between(began, summary.last_ts),
        totals=totals if isinstance(totals, dict) else summary.tally.totals(),
        thread=_text(start.get("thread")),
        resumes=_text(start.get("resumes")),
        parent_run=_text(start.get("parent_run")),
        parent_step=start.get("parent_step") if isinstance(start.get("parent_step"), int) else None,
        masked=_counts(end),
        writer=first_writer.opened or {},
        file=summary.file,
        files=tuple(summary.places),
        _places=summary.places,
    )


def _writers(summary: Summary) -> Iterator[tuple[Record, bool]]:
    for writer in summary.writers.values():
        yield writer.opened or {}, writer.closed


def _counts(end: Record | None) -> Mapping[str, int]:
    masked = (end or {}).get("masked")
    return masked if isinstance(masked, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
