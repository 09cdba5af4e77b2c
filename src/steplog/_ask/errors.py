"""The failures of a log, one entry a kind: how often, since when, and the newest with the step that led to it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.said import calls_of, text_of
from steplog._ask.scan import lines_with, literal
from steplog._ask.starts import start_of
from steplog._read.errors import LogError
from steplog._read.runs.failures import kind_of_failure
from steplog._read.runs.fingerprints import fingerprint, kind_of_message
from steplog._show.preview import as_text, call_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from steplog._ask.scan import Found
    from steplog._read.log import Log
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_FAILED: Final = b'"status":"error"'  # as the recorder writes it


@dataclass(frozen=True, slots=True)
class Led:
    """The step that led to a failure: its number, kind and name, and what it said."""

    step: int
    kind: str
    name: str
    said: str


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """Failures that have type, place and kind of message in common.

    `kind` and `name` are those of the step in which they began (`run` for the run itself), `message` is the message without
    numbers, paths and ids. `count` of them in `runs` runs, from `first` to `last` (times as in the log). `run`, `step` and
    `example` are the newest one with its whole message; `led` is the step before it: the one that asked for a tool, or
    the last that ended before it began.
    """

    fingerprint: str
    type: str
    kind: str
    name: str
    message: str
    count: int
    runs: int
    first: str
    last: str
    run: str
    step: int
    example: str
    led: Led | None

    def as_json(self) -> dict[str, Any]:
        """The entry as plain JSON; absent what is unknown."""
        found = {name: getattr(self, name) for name in self.__slots__ if name != "led"}
        if self.led is not None:
            found["led"] = {name: getattr(self.led, name) for name in self.led.__slots__}
        return {name: value for name, value in found.items() if value != ""}


@dataclass(slots=True)
class _Group:
    key: tuple[str, str, str, str]
    newest: Found
    count: int = 0
    runs: set[str] = field(default_factory=set[str])
    first: str = ""
    last: str = ""


def errors(log: Log, *, runs: Collection[str] | None = None, limit: int | None = None) -> list[ErrorKind]:
    """The kinds of failure in the log, the most frequent first; with `runs` only of runs with these ids.

    An error counts once, in the step where it began; the steps and the run that it passed through are not counted.
    """
    groups: dict[tuple[str, str, str, str], _Group] = {}
    for found in lines_with(literal(_FAILED), log.segments):
        record = found.line.record
        error = record.get("error")
        if record.get("status") != "error" or not record["ev"].endswith(".end"):
            continue
        if (isinstance(error, dict) and "step" in error) or (runs is not None and record["run"] not in runs):
            continue
        start = start_of(found, log)
        name = as_text(start.get("name") or start.get("model"))
        key = kind_of_failure(error, record["ev"].partition(".")[0], name)
        _add(groups.setdefault(key, _Group(key, found)), found)
    ordered = sorted(groups.values(), key=lambda group: (-group.count, group.first))
    return [_told(group, log) for group in ordered[:limit]]


def _add(group: _Group, found: Found) -> None:
    ts, run = as_text(found.line.record.get("ts")), found.line.record["run"]
    group.count += 1
    group.runs.add(run)
    group.first = min(group.first or ts, ts)
    if ts >= group.last:
        group.last, group.newest = ts, found


def _told(group: _Group, log: Log) -> ErrorKind:
    record = group.newest.line.record
    error, number = record.get("error"), record.get("step") or 0
    message = as_text(error.get("message")) if isinstance(error, dict) else as_text(error)
    type_, kind, name, _ = group.key
    return ErrorKind(
        fingerprint=fingerprint(*group.key),
        type=type_,
        kind=kind,
        name=name,
        message=kind_of_message(message),
        count=group.count,
        runs=len(group.runs),
        first=group.first,
        last=group.last,
        run=record["run"],
        step=number,
        example=message,
        led=_led(log, record["run"], number) if number else None,
    )


def _led(log: Log, run_id: str, number: int) -> Led | None:
    try:
        run = copy(log.run(run_id))
        before = led_to(run, run.step(number))
    except LogError:
        return None
    return None if before is None else Led(before.number, before.kind, before.name, what_it_said(before))


def led_to(run: Run, step: Step) -> Step | None:
    """The step that led to this one: the model call that asked for it, else the call before it; None if it was the first."""
    asked_by = step.fields.get("asked_by")
    calls = [
        other
        for other in run.steps
        if other.number < step.number and other.kind in ("llm", "tool", "retriever")
    ]
    return next((other for other in calls if other.number == asked_by), calls[-1] if calls else None)


def what_it_said(step: Step) -> str:
    """What came out of a step, in words: a model's text and the calls it asked for, else the result."""
    if step.kind == "llm":
        parts = [text_of(step.message), *map(call_text, calls_of(step.message))]
        return " ".join(part for part in parts if part)
    return as_text(step.field("result") if step.message is None else step.message.get("content"))
