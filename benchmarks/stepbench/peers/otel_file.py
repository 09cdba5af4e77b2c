"""An OpenTelemetry tracer provider that writes spans to a file in batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stepbench.variant import Skipped


def file_provider(folder: Path) -> Any:
    """A `TracerProvider` whose spans become JSON lines in `folder`, written by the SDK's batch thread."""
    try:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    except ImportError as error:
        raise Skipped(str(error)) from None
    out = (folder / "spans.jsonl").open("w", encoding="utf-8")
    provider = TracerProvider()
    exporter = ConsoleSpanExporter(out=out, formatter=lambda span: (span.to_json(indent=None) or "") + "\n")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
