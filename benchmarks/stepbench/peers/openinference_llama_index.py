"""OpenInference's instrumentor for LlamaIndex, its spans in a file."""

from __future__ import annotations

from pathlib import Path

from stepbench.peers.otel_file import file_provider
from stepbench.variant import Mode, Recording, Skipped, Variant


def _start(folder: Path, _: Mode) -> Recording:
    try:
        from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
    except ImportError as error:
        raise Skipped(str(error)) from None
    provider = file_provider(folder)
    instrumentor = LlamaIndexInstrumentor()
    return Recording(
        on=lambda: instrumentor.instrument(tracer_provider=provider, skip_dep_check=True),
        off=instrumentor.uninstrument,
        flush=provider.force_flush,
        close=provider.shutdown,
    )


VARIANTS = (Variant("OpenInference + OTel", "spans in batches to a file", _start, is_peer=True),)
