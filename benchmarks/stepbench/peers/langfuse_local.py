"""Langfuse's callback handler, its spans sent to a server on the loopback."""

from __future__ import annotations

from pathlib import Path

from stepbench.baselines import langchain_recording
from stepbench.peers.http_sink import HttpSink
from stepbench.variant import Mode, Recording, Skipped, Variant


def _start(_: Path, __: Mode) -> Recording:
    try:
        from langfuse import Langfuse
        from langfuse.langchain import CallbackHandler
    except ImportError as error:
        raise Skipped(str(error)) from None
    sink = HttpSink()
    key = f"pk-{sink.url}"  # one client for each key in a process, with the address it was first made with
    client = Langfuse(public_key=key, secret_key="sk-none", base_url=sink.url)
    handler = CallbackHandler(public_key=key)

    def close() -> None:
        client.shutdown()
        sink.close()

    return langchain_recording(handler, flush=client.flush, close=close, size=sink.taken)


VARIANTS = (Variant("Langfuse", "to a local HTTP sink, its own batching", _start, is_peer=True),)
