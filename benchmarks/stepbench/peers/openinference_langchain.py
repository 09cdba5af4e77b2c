"""OpenInference's instrumentor for LangChain, its spans in a file."""

from __future__ import annotations

from pathlib import Path

from stepbench.baselines import langchain_recording
from stepbench.peers.otel_file import file_provider
from stepbench.variant import Mode, Recording, Skipped, Variant


def _start(folder: Path, _: Mode) -> Recording:
    try:
        from openinference.instrumentation import OITracer, TraceConfig
        from openinference.instrumentation.langchain._tracer import OpenInferenceTracer
    except ImportError as error:
        raise Skipped(str(error)) from None
    provider = file_provider(folder)
    tracer = OITracer(provider.get_tracer("benchmark"), config=TraceConfig())
    # The handler that `LangChainInstrumentor().instrument()` adds to every run, given to our runs only.
    handler = OpenInferenceTracer(tracer, separate_trace_from_runtime_context=False)
    return langchain_recording(handler, flush=provider.force_flush, close=provider.shutdown)


VARIANTS = (
    Variant("OpenInference + OTel", "spans in batches to a file", _start, is_peer=True),
)  # fmt: skip
