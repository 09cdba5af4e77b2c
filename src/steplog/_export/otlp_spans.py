"""A run as OpenTelemetry spans: the run is the root, each step a span, points are events of the step they happened in.

Ids are a function of run and step, so that the same run exported twice has the same spans. Only what can get no other end is told:
a backend keeps the first version of a span for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from steplog._export import otlp_names as names
from steplog._export.otlp_attributes import Attributes, present, run_attributes, step_attributes
from steplog._export.otlp_content import reduced, short
from steplog._show.preview import as_text
from steplog._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from opentelemetry.sdk.resources import Resource

    from steplog._export.untold import Untold
    from steplog._format.record import Content, Json
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_SCOPE: Final = InstrumentationScope("steplog", __version__)
_DIED: Final = "the process died while this ran"


@dataclass(frozen=True, slots=True)
class _Telling:
    """What all spans of a run have in common, and how much of what was said they may hold."""

    trace: int
    resource: Resource
    run_end: int
    untold: Untold
    content: Content

    def less(self, attributes: Attributes) -> Attributes:
        return reduced(attributes, self.content, self.untold)


def spans_of(
    run: Run, resource: Resource, untold: Untold, content: Content = "full"
) -> Iterator[ReadableSpan]:
    """The spans of a run, the root first."""
    trace = trace_id(run)
    start = _nanoseconds(run.started)
    end = start + _length(run.ms)
    telling = _Telling(trace, resource, end, untold, content)
    untold.add("notes", len(run.notes))
    before = run.resumed
    links = [] if before is None else [Link(_context(trace_id(before), span_id(before.id, 0)))]
    if before is None and run.resumes:
        untold.add("links to runs that are not in the log")
    yield ReadableSpan(
        name=_root_name(run),
        context=_context(trace, span_id(run.id, 0)),
        parent=None,  # a run in which it ran has a trace of its own, and a parent that is not in this one is shown nowhere
        resource=resource,
        attributes=telling.less(run_attributes(run)),
        events=_events(None, run.children, telling),
        links=links,
        status=_status(run.status, run.error, content),
        start_time=start,
        end_time=end,
        instrumentation_scope=_SCOPE,
    )
    for step in run.steps:
        if not step.point:
            yield _span(run, step, telling)


def _span(run: Run, step: Step, telling: _Telling) -> ReadableSpan:
    if step.started is None:
        telling.untold.add("times of steps whose start is not in the log")
    start = _nanoseconds(step.started) if step.started is not None else telling.run_end
    above = step.parent
    return ReadableSpan(
        name=_name(step),
        context=_context(telling.trace, span_id(run.id, step.number)),
        parent=_context(telling.trace, span_id(run.id, above.number if above is not None else 0)),
        resource=telling.resource,
        kind=SpanKind.CLIENT if step.kind in ("llm", "embedding") else SpanKind.INTERNAL,
        attributes=telling.less(step_attributes(step, run.thread)),
        events=_events(step, step.children, telling),
        status=_status(step.status, step.error, telling.content),
        start_time=start,
        end_time=start + _length(step.ms) if step.ms is not None else max(start, telling.run_end),
        instrumentation_scope=_SCOPE,
    )


def trace_id(run: Run) -> int:
    """The run's UUID; where a program used one id for several runs, one made from the run's own number."""
    digits = run.uuid.replace("-", "").lower()
    if len(digits) == 32 and digits[16:] == run.id:
        return int(digits, 16)
    return int.from_bytes(blake2b(run.id.encode(), digest_size=16).digest(), "big")


def span_id(run: str, step: int) -> int:
    """64 bits from the run's digits and the step's number; 0 is the run itself."""
    return int.from_bytes(blake2b(f"{run}/{step}".encode(), digest_size=8).digest(), "big") or 1


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _root_name(run: Run) -> str:
    name = run.name or run.framework or "run"
    return f"{names.WORKFLOW if 'workflow' in run.framework else 'invoke_agent'} {name}"


def _name(step: Step) -> str:
    operation, _ = names.OPERATIONS.get(step.kind, ("", ""))
    name = step.name or step.kind
    return f"{operation} {name}" if operation else name


def _status(status: str, error: Mapping[str, Json] | None, content: Content) -> Status:
    if status in ("crashed", "unfinished"):
        return Status(StatusCode.ERROR, _DIED if status == "crashed" else "its end is not in the log")
    if status == "error":
        if error is None:
            return Status(StatusCode.ERROR)
        kind, message = str(error.get("type", "error")), as_text(error.get("message"))
        said = {"full": f": {message}", "preview": f": {short(message)}", "none": ""}[content]
        return Status(StatusCode.ERROR, f"{kind}{said}")
    return Status(StatusCode.OK) if status == "ok" else Status(StatusCode.UNSET)


def _events(step: Step | None, children: tuple[Step, ...], telling: _Telling) -> list[Event]:
    events: list[Event] = []
    error = step.error if step is not None else None
    # On its way up an error names the step it came from: it is told once, there.
    if step is not None and error is not None and "step" not in error:
        told = {"exception.type": error.get("type"), "exception.message": as_text(error.get("message"))}
        stack = error.get("stack")
        told["exception.stacktrace"] = "\n".join(map(str, stack)) if isinstance(stack, list) else None
        events.append(
            Event("exception", telling.less(present(told)), _nanoseconds(step.started) + _length(step.ms))
        )
    for child in children:
        if child.point:
            events.append(Event(child.kind, telling.less(_point(child)), _nanoseconds(child.started)))
            if child.fields.get("checkpoint"):
                telling.untold.add("checkpoints")
    return events


def _point(step: Step) -> Attributes:
    facts: dict[str, Any] = {
        f"steplog.{name}": as_text(step.field(name)) for name in step.fields if name != "checkpoint"
    }
    return present({"steplog.step": step.number, **facts})


def _length(ms: float | None) -> int:
    return round((ms or 0) * 1_000_000)


def _nanoseconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000
