"""What happened to a run that did not end well: what was asked, what was under way, what failed, what was tried."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.errors import Led, led_to, what_it_said
from steplog._ask.said import args_of, is_from_user, messages_in, own_error, text_of
from steplog._ask.spending import run_cost
from steplog._ask.waste import Waste, waste
from steplog._read.files.liveness import RUNNING
from steplog._show.preview import as_text, brief, message_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from steplog._format.record import Json
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_STOPPED: Final = ("cancelled", "interrupted", "abandoned")
_GIVEN: Final = ("args", "query", "input", "params")


@dataclass(frozen=True, slots=True)
class InFlight:
    """A step that began and has no end: what it was given, and how long it had been at work, in milliseconds.

    `status` is `open`, or how a step ended that the run's end cut off (`cancelled`, `interrupted`, `abandoned`). `ms` counts
    to the last line of the run, or to now where the run still runs; None if the log does not say.
    """

    step: int
    kind: str
    name: str
    status: str
    since: str
    ms: float | None
    given: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The step in which the error began: what it was given, the error as the log has it, and the step that led to it."""

    step: int
    kind: str
    name: str
    given: str
    error: Mapping[str, Json]
    led: Led | None


@dataclass(frozen=True, slots=True)
class PostMortem:
    """A run that did not end well, on one page.

    `asked` is what the run was asked, `last_answer` the last thing a model said. `in_flight` are the steps without an end,
    `failures` the errors, each where it began, newest last; `tried` are sentences about retries. `waits_for` are the
    questions to a human that nobody answered, `config` is what LangGraph wants in order to go on. `cost` is in US dollars,
    None where there is no price. `masked` counts the secrets that the log does not show.
    """

    run: str
    name: str
    status: str
    framework: str
    started: str
    ms: float | None
    thread: str
    asked: str
    last_answer: str
    in_flight: tuple[InFlight, ...]
    failures: tuple[Failure, ...]
    tried: tuple[str, ...]
    waits_for: tuple[str, ...]
    config: Mapping[str, Json] | None
    waste: tuple[Waste, ...]
    totals: Mapping[str, Json]
    cost: Decimal | None
    masked: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """The page as plain JSON; absent what there is not."""
        found = {name: getattr(self, name) for name in self.__slots__}
        for name in ("in_flight", "failures"):
            found[name] = [asdict(part) for part in found[name]]
        found["waste"] = [each.as_json() for each in self.waste]
        found["cost"] = None if self.cost is None else float(self.cost)
        found |= {name: list(found[name]) for name in ("tried", "waits_for")}
        kept = ("run", "name", "status")
        return {
            name: value for name, value in found.items() if name in kept or value not in (None, "", [], {})
        }


def postmortem(run: Run) -> PostMortem:
    """What happened to the run, as far as its log says."""
    return PostMortem(
        run=run.id,
        name=run.name,
        status=run.status,
        framework=run.framework,
        started=_time(run.started),
        ms=run.ms,
        thread=run.thread,
        asked=asked_of(run),
        last_answer=next((message_text(step.message) for step in _answers(run)), ""),
        in_flight=tuple(_in_flight(run, step) for step in run.in_flight or _cut_off(run)),
        failures=tuple(_failure(run, step) for step in run.steps if own_error(step) is not None),
        tried=tuple(_tried(run)),
        waits_for=tuple(_waits(run)),
        config=run.config(),
        waste=waste(run),
        totals=run.totals,
        cost=run_cost(run),
        masked=run.masked,
    )


def asked_of(run: Run) -> str:
    """What the run was asked: the last message of a user in its input, else its input, else what its first model was shown."""
    for message in reversed(messages_in(run.input)):
        if is_from_user(message):
            return text_of(message)
    if run.input is not None:
        return brief(run.input)
    first = next((step for step in run.steps if step.kind == "llm"), None)
    return "" if first is None else message_text(first.asked)


def _answers(run: Run) -> Iterator[Step]:
    return (step for step in reversed(run.steps) if step.kind == "llm" and step.message is not None)


def _cut_off(run: Run) -> Iterator[Step]:
    """The innermost steps that ended only because the run was stopped."""
    return (
        step
        for step in run.steps
        if step.status in _STOPPED and not any(c.status in _STOPPED for c in step.children)
    )


def _in_flight(run: Run, step: Step) -> InFlight:
    until = None
    if run.status == RUNNING:
        until = datetime.now(UTC)
    elif run.started is not None and run.ms is not None:
        until = run.started + timedelta(milliseconds=run.ms)
    ms = step.ms
    if step.open and until is not None and step.started is not None:
        # Zero: the step's start is the last line, and nothing says how long it was at work.
        ms = round((until - step.started).total_seconds() * 1000, 3) or None
    status = "open" if step.open else step.status
    return InFlight(step.number, step.kind, step.name, status, _time(step.started), ms, _given(step))


def _failure(run: Run, step: Step) -> Failure:
    before = led_to(run, step)
    led = None if before is None else Led(before.number, before.kind, before.name, what_it_said(before))
    return Failure(step.number, step.kind, step.name, _given(step), step.error or {}, led)


def _given(step: Step) -> str:
    """What a step was given, in words: a tool's arguments, what a model was asked last."""
    if step.kind == "llm":
        return message_text(step.asked)
    if step.kind == "tool":
        return as_text(args_of(step))
    return next((brief(step.field(name)) for name in _GIVEN if name in step.fields), "")


def _tried(run: Run) -> Iterator[str]:
    for step in run.steps:
        attempt = step.fields.get("attempt")
        if step.kind == "retry":
            error = step.error or {}
            cause = ": ".join(as_text(error[part]) for part in ("type", "message") if error.get(part))
            wait = step.fields.get("wait_ms")
            waited = f", {wait:g} ms after" if isinstance(wait, int | float) else ", after"
            where = (
                ""
                if step.parent is None
                else f" of step {step.parent.number} ({step.parent.kind} {step.parent.name})"
            )
            yield f"attempt {as_text(attempt) or '?'}{where}{waited} {cause or 'a failure'}"
        elif isinstance(attempt, int) and attempt > 1:
            yield f"step {step.number} ({step.kind} {step.name}) was attempt {attempt}, and ended {step.status}"


def _waits(run: Run) -> Iterator[str]:
    """The questions that were not answered within the run."""
    open_questions: list[str] = []
    for step in run.steps:
        if step.kind == "interrupt":
            open_questions.append(
                as_text(step.field("value")) or as_text(step.fields.get("where")) or "a human"
            )
        elif step.kind == "resume":
            open_questions.clear()
    yield from open_questions


def _time(when: datetime | None) -> str:
    return "" if when is None else when.isoformat().replace("+00:00", "Z")
