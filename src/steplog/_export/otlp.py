"""Runs to any OpenTelemetry backend, through the official exporter, or to a file of OTLP's JSON lines.

Where to, with which headers, and how it is compressed say the `OTEL_EXPORTER_OTLP_*` variables, as for every program.
"""

from __future__ import annotations

import base64
import json
import os
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExportResult

from steplog._export.final import is_final
from steplog._export.otlp_spans import spans_of
from steplog._export.untold import Untold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO

    from opentelemetry.sdk.trace import ReadableSpan

    from steplog._format.record import Content
    from steplog._read.runs.run import Run

_MOST_SPANS: Final = 512
_MOST_CHARS: Final = (
    4_000_000  # a prompt is repeated in each call, so spans are counted by what they hold, too
)
_IDS: Final = ("traceId", "spanId", "parentSpanId")


class NotDelivered(Exception):  # noqa: N818 - what happened, in the words of who reads it
    """A backend did not take the spans; the text says where they were sent and what may help."""


@dataclass
class Delivery:
    """What was delivered: runs and spans; ids of runs that were `skipped`, as they may still get an end."""

    runs: int = 0
    spans: int = 0
    skipped: list[str] = field(default_factory=list[str])
    untold: Untold = field(default_factory=Untold)


def send(
    runs: Iterable[Run],
    *,
    unfinished: bool = False,
    content: Content = "full",
    each: Callable[[Run], object] | None = None,
) -> Delivery:
    """Send the runs that are final; `each` is called after a run was taken. Sending one again is harmless: its ids are the same.

    content: how much of what was said goes along: all, the first 200 characters of each text ("preview"), or nothing ("none").

    Raises: NotDelivered.
    """
    exporter = OTLPSpanExporter()
    try:
        return _deliver(runs, lambda spans: _post(exporter, spans), content, unfinished=unfinished, each=each)
    finally:
        exporter.shutdown()


def write(
    runs: Iterable[Run], out: IO[str], *, unfinished: bool = False, content: Content = "full"
) -> Delivery:
    """Write the runs that are final as OTLP's JSON (`TracesData`), one line a batch, as the collector's file exporter does.

    content: as `send` has it.
    """
    return _deliver(runs, lambda spans: out.write(_line(spans)), content, unfinished=unfinished, each=None)


def _deliver(
    runs: Iterable[Run],
    deliver: Callable[[list[ReadableSpan]], object],
    content: Content,
    *,
    unfinished: bool,
    each: Callable[[Run], object] | None,
) -> Delivery:
    done = Delivery()
    resource = _resource()
    for run in runs:
        if not is_final(run, unfinished=unfinished):
            done.skipped.append(run.id)
            continue
        # Of a copy, since a run keeps the steps that were asked of it, and there may be a million runs.
        for batch in _batches(spans_of(copy(run), resource, done.untold, content)):
            deliver(batch)
            done.spans += len(batch)
        done.runs += 1
        if each is not None:
            each(run)
    return done


def _resource() -> Resource:
    # What is passed here wins over the variables, so a name is passed only where none is set.
    is_named = os.environ.get("OTEL_SERVICE_NAME") or "service.name" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    return Resource.create({} if is_named else {"service.name": "steplog"})


def _batches(spans: Iterable[ReadableSpan]) -> Iterator[list[ReadableSpan]]:
    batch: list[ReadableSpan] = []
    chars = 0
    for span in spans:
        much = sum(len(value) for value in (span.attributes or {}).values() if isinstance(value, str))
        if batch and (len(batch) >= _MOST_SPANS or chars + much > _MOST_CHARS):
            yield batch
            batch, chars = [], 0
        batch.append(span)
        chars += much
    if batch:
        yield batch


def endpoint() -> str:
    """Where the variables say that spans go."""
    named = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return next((os.environ[name] for name in named if os.environ.get(name)), "http://localhost:4318")


def _post(exporter: OTLPSpanExporter, spans: list[ReadableSpan]) -> None:
    if exporter.export(spans) is not SpanExportResult.SUCCESS:
        raise NotDelivered(
            f"{endpoint()} did not take the spans: set OTEL_EXPORTER_OTLP_ENDPOINT (and _HEADERS) to a "
            "backend that is up; a slow one may need OTEL_EXPORTER_OTLP_TIMEOUT=60. Sending again is harmless"
        )


def _line(spans: list[ReadableSpan]) -> str:
    # Imported here: who only sends does not need them.
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - see above
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans  # noqa: PLC0415 - see above

    data = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
    for scope in (scope for found in data["resourceSpans"] for scope in found["scopeSpans"]):
        for span in scope["spans"]:
            _in_hex(span)
            for link in span.get("links", []):
                _in_hex(link)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"


def _in_hex(o: dict[str, Any]) -> None:
    """OTLP's JSON has ids as hex digits, where protobuf's has bytes in base64."""
    for name in _IDS:
        if name in o:
            o[name] = base64.b64decode(o[name]).hex()
