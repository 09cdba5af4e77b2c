"""`export otlp --follow`: each run reaches the backend when it ends, at least once, with the same ids."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

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


@pytest.fixture
def following(backend, tmp_path, monkeypatch):
    """A function: begins to follow `log` in this process; each call of what it gives looks once."""
    for name in [name for name in os.environ if name.startswith(("STEPLOG", "OTEL"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{backend.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    from steplog._export.otlp_follow import _Follower
    from steplog._export.otlp_sent import Sent

    def begin(since=None):
        sent = Sent(tmp_path / "log", os.environ)
        found = _Follower(tmp_path / "log", sent, threading.Event(), since, unfinished=False, content="full")

        def look():
            done = found.sweep()
            return 0 if done is None else done.runs

        look.follower = found
        return look

    return begin


def written(log, name, started, *, number, is_ended, pid=None):
    """A run that began at a moment of our choice, as another program would have written it."""
    import socket

    ts = started.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    run, w = f"{number:016x}", f"w{number}"
    opened = {
        "ev": "log.open",
        "v": 1,
        "w": w,
        "host": socket.gethostname(),
        "pid": pid or os.getpid(),
        "steplog": "0.2.0",
    }
    records = [opened, {"ev": "run.start", "run": run, "id": run, "name": name}]
    records += [{"ev": "run.end", "run": run, "status": "ok", "ms": 1}] if is_ended else []
    with (log / f"{number}.jsonl").open("ab") as file:
        for seq, record in enumerate(records, 1):
            file.write(json.dumps({"seq": seq, "ts": ts, **record}).encode() + b"\n")


def ended(log, started, *, number):
    ts = started.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    record = {"seq": 3, "ts": ts, "ev": "run.end", "run": f"{number:016x}", "status": "ok", "ms": 1}
    with (log / f"{number}.jsonl").open("ab") as file:
        file.write(json.dumps(record).encode() + b"\n")


def test_a_run_that_took_weeks_is_sent_when_it_ends(following, backend, tmp_path, monkeypatch):
    now, log = datetime.now(UTC), tmp_path / "log"
    log.mkdir()
    written(log, "slow", now - timedelta(days=20), number=1, is_ended=False)
    written(log, "quick", now, number=2, is_ended=True)
    look = following()
    assert look() == 1
    assert look.follower.waiting == [f"{1:016x}"], "it is kept, and can be named"
    ended(log, now, number=1)
    written(log, "next", now, number=3, is_ended=True)
    assert look() == 1, "what has waited for long is looked at seldom"
    monkeypatch.setattr("steplog._export.otlp_follow._LATE_SECONDS", 0)
    written(log, "last", now, number=4, is_ended=True)
    assert look() == 2
    assert look.follower.waiting == []
    assert roots(backend.spans) == [f"invoke_agent {name}" for name in ("last", "next", "quick", "slow")]


def test_a_run_that_began_earlier_by_its_clock_is_sent_too(following, backend, tmp_path):
    """Its line came later, or the clock was set back."""
    now, log = datetime.now(UTC), tmp_path / "log"
    log.mkdir()
    written(log, "first", now, number=1, is_ended=True)
    look = following()
    assert look() == 1
    written(log, "second", now - timedelta(minutes=30), number=2, is_ended=True)
    assert look() == 1
    assert roots(backend.spans) == ["invoke_agent first", "invoke_agent second"]


def test_what_was_sent_long_ago_is_not_sent_again_by_the_next_process(following, backend, tmp_path):
    now, log = datetime.now(UTC), tmp_path / "log"
    log.mkdir()
    for number in range(1, 6):
        written(log, f"old {number}", now - timedelta(days=number), number=number, is_ended=True)
    written(log, "new", now, number=9, is_ended=True)
    look = following()
    assert look() == 6
    assert len(look.follower.sent.runs) == 1, "only what may be met again is kept in memory"
    assert following()() == 0
    assert len(backend.spans) == 6


def test_what_is_no_longer_in_the_log_is_forgotten(following, tmp_path):
    now, log = datetime.now(UTC), tmp_path / "log"
    log.mkdir()
    for number in range(1, 6):
        written(log, "r", now, number=number, is_ended=True)
    assert following()() == 5
    for number in range(1, 5):
        (log / f"{number}.jsonl").unlink()
    following()()
    [file] = (tmp_path / "cache" / "steplog").glob("otlp-*.sent")
    assert len(file.read_text().splitlines()) == 1
    assert file.stat().st_mode & 0o777 == 0o600


def test_at_the_end_runs_that_have_none_are_named(backend, follower, tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        with recorder.run("waits") as run:
            process = follower()
            with recorder.run("done"):
                pass
            wait_for(backend, "invoke_agent done")
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert (
        said.splitlines()[-1]
        == f"steplog: 1 runs were left out, since they may still get an end: {str(run.id).replace('-', '')[-16:]}"
    )
