"""LangSmith's tracer, its runs sent to a server on the loopback."""

from __future__ import annotations

from pathlib import Path

from stepbench.baselines import langchain_recording
from stepbench.peers.http_sink import HttpSink
from stepbench.variant import Mode, Recording, Skipped, Variant


def _start(_: Path, __: Mode) -> Recording:
    try:
        from langchain_core.tracers import LangChainTracer
        from langsmith import Client
    except ImportError as error:
        raise Skipped(str(error)) from None
    sink = HttpSink()
    client = Client(api_url=sink.url, api_key="none")
    tracer = LangChainTracer(client=client, project_name="benchmark")

    def close() -> None:
        client.flush()
        client.close()
        sink.close()

    return langchain_recording(tracer, flush=client.flush, close=close, size=sink.taken)


VARIANTS = (Variant("LangSmith", "to a local HTTP sink, its own batching", _start, is_peer=True),)
