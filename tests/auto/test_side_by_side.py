"""Programs that other tools record already: those still get everything, and so do we."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import steplog

PROGRAMS = Path(__file__).parent / "programs"
pytest.importorskip("langchain_steplog", reason="langchain-steplog is not installed")

LANGSMITH = """
from langchain_core.tracers.langchain import wait_for_all_tracers
import many_ways
many_ways.run()
wait_for_all_tracers()
"""
OPENINFERENCE = """
import json
from openinference.instrumentation.langchain import LangChainInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
LangChainInstrumentor().instrument(tracer_provider=provider)
import many_ways
many_ways.run()
print(json.dumps(sorted([s.name, s.status.status_code.name, sorted(s.attributes)] for s in spans.get_finished_spans())))
"""
LANGFUSE = """
import json, os
from langfuse import Langfuse
from langfuse.langchain import CallbackHandler
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
client = Langfuse(public_key="pk", secret_key="sk", base_url=os.environ["SINK"], tracer_provider=provider)
handler = CallbackHandler(public_key="pk")
from contextvars import ContextVar
from langchain_core.tracers.context import register_configure_hook
register_configure_hook(ContextVar("langfuse", default=handler), inheritable=True)
import many_ways
many_ways.run()
client.shutdown()
print(json.dumps(sorted([s.name, s.status.status_code.name, sorted(s.attributes)] for s in spans.get_finished_spans())))
"""


# What LangSmith asks for before it sends anything; without one of them its thread dies, and who waits for it hangs.
INGEST = {
    "use_multipart_endpoint": False, "size_limit": 100, "size_limit_bytes": 20_971_520, "scale_up_nthreads_limit": 16,
    "scale_up_qsize_trigger": 1000, "scale_down_nempty_trigger": 4,
}  # fmt: skip


class Sink(ThreadingHTTPServer):
    """A LangSmith on the loopback: keeps the runs it is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taker)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.posted, self.patched = {}, {}


class Taker(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer({"version": "0", "batch_ingest_config": INGEST})

    def do_POST(self):
        body = self.body()
        if self.path.endswith("/runs/batch"):
            batch = json.loads(body)
            self.server.posted.update({run["id"]: run for run in batch.get("post", [])})
            self.server.patched.update({run["id"]: run for run in batch.get("patch", [])})
        self.answer({})

    do_PATCH = do_POST  # noqa: N815 -- the names are the base class's

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size + 2)[:-2])
        self.rfile.readline()
        return b"".join(pieces)

    def answer(self, said):
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 -- the base class's signature
        pass


@pytest.fixture
def sink():
    server = Sink()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def told(sink):
    """What LangSmith knows of each run: its name, its kind, and whether its end came, with an error or without."""
    runs = {run_id: {**run, **sink.patched.get(run_id, {})} for run_id, run in sink.posted.items()}
    return Counter(
        (run["name"], run["run_type"], run.get("end_time") is not None, bool(run.get("error")))
        for run in runs.values()
    )


def steps(log):
    return Counter(
        (step.kind, step.name, step.status) for run in steplog.read(log).runs for step in run.steps
    )


@pytest.fixture
def alone(desk):
    """What steplog has of the program without another recorder."""
    desk.put_on_path(PROGRAMS)
    done = desk.steplog_run("--path", "alone", "-c", "import many_ways; many_ways.run()")
    assert (done.returncode, done.stderr) == (0, b"")
    found = steps(desk.folder / "alone")
    assert found[("tool", "multiply", "ok")] == 2
    assert sum(count for (kind, _, _), count in found.items() if kind == "llm") == 7
    return found


def test_langsmith_gets_each_run_and_so_do_we(desk, sink, alone):
    env = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": sink.url, "LANGSMITH_API_KEY": "none"}
    env["LANGSMITH_DISABLE_RUN_COMPRESSION"] = "true"
    assert desk.python("-c", LANGSMITH, **env).returncode == 0
    without = told(sink)
    assert sum(without.values()) > 10
    assert all(ended for (_, _, ended, _) in without)
    sink.posted.clear()
    sink.patched.clear()
    done = desk.steplog_run("--path", "beside", "-c", LANGSMITH, **env)
    assert (done.returncode, done.stderr) == (0, b"")
    assert told(sink) == without
    # LangSmith's tracer makes LangChain forget to tell others that an async text model starts (langchain#39633):
    # what we have of those two calls is their end, said to be so.
    beside = steps(desk.folder / "beside")
    lost = alone - beside
    assert lost == Counter({("llm", "FakeListLLM", "ok"): 2})
    assert beside - alone == Counter({("llm", "", "ok"): 2})
    unnamed = [
        step for run in steplog.read(desk.folder / "beside").runs for step in run.steps if not step.name
    ]
    assert [step.start_lost for step in unnamed] == [True, True]


@pytest.mark.parametrize(
    ("program", "package"),
    [(OPENINFERENCE, "openinference.instrumentation.langchain"), (LANGFUSE, "langfuse")],
)
def test_other_recorders_get_each_span_and_so_do_we(desk, sink, alone, program, package):
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    pytest.importorskip(package, reason=f"{package} is not installed")
    without = desk.python("-c", program, SINK=sink.url)
    assert without.returncode == 0, without.stderr
    assert len(json.loads(without.stdout.splitlines()[-1])) > 10
    done = desk.steplog_run("--path", "beside", "-c", program, SINK=sink.url)
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads(without.stdout.splitlines()[-1])
    assert steps(desk.folder / "beside") == alone
