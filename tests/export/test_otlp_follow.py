"""`export otlp --follow`: each run reaches the backend when it ends, at least once, with the same ids."""

import http.server
import os
import signal
import subprocess
import sys
import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import steplog

PROGRAM = "from steplog._cli.main import main; main()"


class Backend(http.server.BaseHTTPRequestHandler):
    """Takes spans, or refuses them while it is told to."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = ExportTraceServiceRequest.FromString(body)
        is_up = self.server.is_up.is_set()
        self.send_response(200 if is_up else 400)
        self.end_headers()
        found = [span for r in request.resource_spans for s in r.scope_spans for span in s.spans]
        with self.server.arrived:
            (self.server.spans if is_up else self.server.refused).extend(found)
            self.server.arrived.notify_all()

    def log_message(self, *_):
        pass


@pytest.fixture
def backend():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        server.spans, server.refused, server.arrived = [], [], threading.Condition()
        server.is_up = threading.Event()
        server.is_up.set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def roots(spans):
    return sorted(span.name for span in spans if not span.parent_span_id)


def wait_for(backend, *names, where="spans"):
    with backend.arrived:
        assert backend.arrived.wait_for(lambda: set(names) <= set(roots(getattr(backend, where))), 60), roots(
            backend.spans
        )


@pytest.fixture
def follower(backend, tmp_path):
    """A function: starts `steplog export otlp --follow` over `log`; all that it started are ended at the end."""
    started = []

    def start(*words):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "OTEL"))}
        env |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{backend.server_port}",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "NO_PROXY": "127.0.0.1",
        }
        command = [
            sys.executable,
            "-c",
            PROGRAM,
            "export",
            "otlp",
            "--follow",
            "-p",
            tmp_path / "log",
            *words,
        ]
        started.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_runs_are_sent_as_they_end_and_a_running_one_waits(backend, follower, tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        with recorder.run("before"):
            pass
        process = follower()
        wait_for(backend, "invoke_agent before")
        with recorder.run("outer"):
            with recorder.run("inner"):
                pass
            wait_for(backend, "invoke_agent inner")
            assert "invoke_agent outer" not in roots(backend.spans)
        wait_for(backend, "invoke_agent outer")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "1 runs, 1 spans delivered" in said
    assert len(roots(backend.spans)) == 3


def test_after_a_kill_it_goes_on_where_it_was(backend, follower, tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        with recorder.run("one"):
            pass
        first = follower()
        wait_for(backend, "invoke_agent one")
        with recorder.run("two"):
            pass
        wait_for(backend, "invoke_agent two")
        with recorder.run("three"):
            pass
        wait_for(backend, "invoke_agent three")  # so that the second was noted
        first.send_signal(signal.SIGKILL)
        first.wait()
        with recorder.run("four"):
            pass
    follower()
    wait_for(backend, "invoke_agent four")
    found = [span for span in backend.spans if not span.parent_span_id]
    assert {span.name for span in found} == {
        f"invoke_agent {name}" for name in ("one", "two", "three", "four")
    }
    once = [span.name for span in found]
    assert once.count("invoke_agent one") == once.count("invoke_agent two") == 1
    ids = {(span.name, span.trace_id, span.span_id) for span in found}
    assert len(ids) == 4, "what is sent again has the same ids"


def test_a_backend_that_is_down_gets_everything_when_it_is_up(backend, follower, tmp_path):
    backend.is_up.clear()
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("early"):
        pass
    process = follower()
    wait_for(backend, "invoke_agent early", where="refused")
    backend.is_up.set()
    wait_for(backend, "invoke_agent early")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert said.count("did not take the spans") == 1
    assert "Traceback" not in said


def test_a_run_whose_process_dies_is_told_as_crashed(backend, follower, tmp_path):
    dying = "import os, sys, steplog\nwith steplog.Recorder(sys.argv[1]) as r, r.run('dies'):\n    input()\n    os._exit(9)"
    process = subprocess.Popen([sys.executable, "-c", dying, tmp_path / "log"], stdin=subprocess.PIPE)
    follower()
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("beside"):
        pass
    wait_for(backend, "invoke_agent beside")
    process.communicate(b"\n", timeout=30)
    wait_for(backend, "invoke_agent dies")
    [root] = [span for span in backend.spans if span.name == "invoke_agent dies"]
    assert root.status.message == "the process died while this ran"


def test_follow_is_for_all_runs_to_a_backend(command, folder):
    for words in (["chrome", "--follow"], ["otlp", "@last", "--follow"], ["otlp", "--follow", "-o", "x"]):
        done = command("export", *words, "-p", folder)
        assert done.returncode == 2
        assert "--follow sends all runs" in done.stderr


def test_a_person_at_a_terminal_sees_how_far_it_has_come(backend, folder, log):
    import pty

    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "OTEL"))}
    env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{backend.server_port}", "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-c", PROGRAM, "export", "otlp", "-p", folder]
    done = subprocess.run(command, env=env, stderr=theirs, timeout=120, check=False)
    os.close(theirs)
    said = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.returncode == 0
    assert f"steplog: 1 of {len(log.runs)} runs sent" in said
    assert f"steplog: {len(log.runs)} of {len(log.runs)} runs sent" in said
