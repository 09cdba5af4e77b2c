"""How each recorder is put into a program, by its own instructions, with its own defaults.

Each function starts one recorder, and returns the handlers to pass and what its instructions say to call at the end of
a program.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Started = tuple[list[Any], Callable[[], Any]]


@dataclass(frozen=True)
class Place:
    """Where a recorder keeps what it writes, and the address of what takes what is sent."""

    folder: Path
    sink: str


def _steplog(place: Place) -> Started:
    from langchain_steplog import StepLogHandler

    handler = StepLogHandler(place.folder / "logs")
    return [handler], handler.close


def _reeltime(place: Place) -> Started:
    os.environ["TAPE_DIR"] = str(place.folder)
    import reeltime

    reeltime.install()
    return [reeltime.langchain.handler()], reeltime.uninstall


def _tracesage(place: Place) -> Started:
    os.environ["TRACESAGE_DATA_DIR"] = str(place.folder)
    import tracesage

    # Its page is left out: a server costs what the others do not.
    tracer = tracesage.start(start_server=False)
    return [tracer.handler], tracer.flush


def _lanetrace(place: Place) -> Started:
    import lanetrace
    from lanetrace.langchain import LaneTraceCallbackHandler

    lanetrace.set_tracking_uri(f"sqlite:///{place.folder}/lanetrace.db")
    return [LaneTraceCallbackHandler()], lambda: None


def _agobs(place: Place) -> Started:
    import agentlens
    from agentlens.adapters.langgraph import AgentLensCallbackHandler
    from agentlens.client import flush

    agentlens.init(project="peers", db_path=str(place.folder / "agentlens.db"))
    return [AgentLensCallbackHandler()], flush


def _langgraph_replay(place: Place) -> Started:
    from langgraph_replay import ReplayCallbackHandler

    return [ReplayCallbackHandler(str(place.folder / "replay.db"))], lambda: None


def _langsmith(place: Place) -> Started:
    from langchain_core.tracers import LangChainTracer
    from langsmith import Client

    client = Client(api_url=place.sink, api_key="none")
    return [LangChainTracer(client=client, project_name="peers")], client.flush


def _langfuse(place: Place) -> Started:
    from langfuse import Langfuse
    from langfuse.langchain import CallbackHandler

    client = Langfuse(public_key="none", secret_key="none", host=place.sink)
    return [CallbackHandler()], client.flush


def _openinference(place: Place) -> Started:
    from openinference.instrumentation import OITracer, TraceConfig
    from openinference.instrumentation.langchain._tracer import OpenInferenceTracer
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{place.sink}/v1/traces")))
    tracer = OITracer(provider.get_tracer("peers"), config=TraceConfig())
    # The handler that `LangChainInstrumentor().instrument()` adds to every run, given to the runs that are to have it.
    handler = OpenInferenceTracer(tracer, separate_trace_from_runtime_context=False)
    return [handler], provider.force_flush


# By name: what pip installs, and how it is started.
RECORDERS: dict[str, tuple[tuple[str, ...], Callable[[Place], Started]]] = {
    "steplog": ((), _steplog),
    "reeltime": (("reeltime",), _reeltime),
    "tracesage": (("tracesage[langchain]",), _tracesage),
    "lanetrace": (("lanetrace[langchain]",), _lanetrace),
    "agobs": (("agobs[langchain]",), _agobs),
    "langgraph-replay": (("langgraph-replay",), _langgraph_replay),
    "LangSmith": (("langsmith",), _langsmith),
    "Langfuse": (("langfuse",), _langfuse),
    "OpenInference": (
        (
            "openinference-instrumentation-langchain",
            "opentelemetry-sdk",
            "opentelemetry-exporter-otlp-proto-http",
        ),
        _openinference,
    ),
}


@contextlib.contextmanager
def started(name: str, folder: Path, sink: str) -> Iterator[list[Any]]:
    """The handlers of a recorder, which is told to finish at the end."""
    handlers, finish = RECORDERS[name][1](Place(folder, sink))
    yield handlers
    finish()
