"""Langfuse's callback handler, its spans sent to a server on the loopback."""

from __future__ import annotations

from pathlib import Path

from stepbench.peers.http_sink import HttpSink
from stepbench.variant import Mode, Recording, Skipped, Variant


def _start(_: Path, __: Mode) -> Recording:
    try:
        from langfuse import Langfuse
        from langfuse.langchain import CallbackHandler
    except ImportError as error:
        raise Skipped(str(error)) from None
    sink = HttpSink()
    client = Langfuse(public_key="pk-none", secret_key="sk-none", base_url=sink.url)
    handler = CallbackHandler()

    def close() -> None:
        client.shutdown()
        sink.close()

    return Recording([handler], flush=client.flush, close=close, size=sink.taken)


VARIANTS = (Variant("Langfuse", "to a local HTTP sink, its own batching", _start, is_peer=True),)
