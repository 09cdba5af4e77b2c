"""Real Phoenix and real MLflow give back what was exported: tree, kinds, messages, tool calls, tokens, errors, session; once.

What is compared is the log itself, as the reader has it.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import steplog

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[2]
PROGRAM = "from steplog._cli.main import main; main()"
KINDS = {"llm": "LLM", "tool": "TOOL", "retriever": "RETRIEVER", "embedding": "EMBEDDING", "agent": "AGENT"}
MLFLOW_CLIENT = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
found = []
for trace in client.search_traces(locations=["0"], max_results=100):
    trace = client.get_trace(trace.info.trace_id)
    spans = [{
        "id": span.span_id, "parent": span.parent_id, "name": span.name, "kind": span.span_type, "status": span.status.status_code.value,
        "message": span.status.description, "inputs": span.inputs, "outputs": span.outputs, "attributes": dict(span.attributes),
        "events": [[event.name, dict(event.attributes)] for event in span.events],
    } for span in trace.data.spans]
    info = trace.info
    found.append({"trace": info.trace_id, "state": info.state.value, "metadata": dict(info.trace_metadata),
                  "asked": info.request_preview, "answered": info.response_preview, "spans": spans})
print(json.dumps(found, default=str))
"""


def free_port():
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def clean_environment():
    left_out = ("STEPLOG", "OTEL", "LANGSMITH", "PHOENIX", "MLFLOW")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)} | {
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def steplog_(*words, **env):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, words)], env=clean_environment() | env, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Agents that are fine, failed, were interrupted and resumed, and a workflow of LlamaIndex's that looks something up."""
    where = tmp_path_factory.mktemp("backends") / "log"
    for kind in ("five", "failed", "interrupted"):
        steplog_("run", "--path", where, ROOT / "tests" / "export" / "agents.py", kind)
    steplog_("run", "--path", where, ROOT / "examples" / "rag_workflow.py", "How tall is the lighthouse?")
    return where


@pytest.fixture(scope="module")
def runs(folder):
    return list(steplog.read(folder).runs)


@contextlib.contextmanager
def serving(command, folder, health, **env):
    """A server until the block ends; it may take minutes to begin, since everything in it is compiled first."""
    with (folder / "server.txt").open("wb") as out:
        server = subprocess.Popen(
            command, cwd=folder, env=clean_environment() | env, stdout=out, stderr=out, start_new_session=True
        )
    try:
        until = time.monotonic() + 400
        while True:
            try:
                with urllib.request.urlopen(health, timeout=5) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                assert server.poll() is None, (folder / "server.txt").read_text()[-2000:]
                assert time.monotonic() < until, (folder / "server.txt").read_text()[-2000:]
                time.sleep(0.5)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def twice(folder, **env):
    for _ in range(2):
        done = steplog_("export", "otlp", "-p", folder, OTEL_EXPORTER_OTLP_TIMEOUT="60", **env)
        assert done.returncode == 0, done.stderr
        assert "not told: 1 checkpoints" in done.stderr


def polled(found, count):
    """What a server has as soon as all spans are there: it has a queue."""
    until = time.monotonic() + 120
    while len(spans := found()) < count and time.monotonic() < until:
        time.sleep(1)
    return spans


def spans_in(runs):
    return sum(1 + sum(not step.point for step in run.steps) for run in runs)


def expected_kind(step):
    return KINDS.get(step.kind, "CHAIN")


def parents(run):
    """Each span of a run by its name, and its parent's name, as the log has them."""
    from opentelemetry.sdk.resources import Resource

    from steplog._export.otlp_spans import spans_of
    from steplog._export.untold import Untold

    spans = list(spans_of(run, Resource({}), Untold()))
    names = {span.context.span_id: span.name for span in spans}
    return sorted((span.name, names[span.parent.span_id] if span.parent else "") for span in spans)


def by_name(spans, name):
    return [span for span in spans if span["name"] == name]


# -- Phoenix


@pytest.fixture(scope="module")
def phoenix(environment, folder, runs, tmp_path_factory):
    """All spans that Phoenix has after the log was exported twice, by trace."""
    where = tmp_path_factory.mktemp("phoenix")
    bin_, port = environment("arize-phoenix", ours=()), free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        "PHOENIX_HOST": "127.0.0.1", "PHOENIX_PORT": str(port), "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_WORKING_DIR": str(where), "PHOENIX_TELEMETRY_ENABLED": "false",
    }  # fmt: skip

    def found():
        try:
            with urllib.request.urlopen(f"{url}/v1/projects/default/spans?limit=1000", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError:
            return []  # the project comes with its first span

    with serving([bin_ / "phoenix", "serve"], where, f"{url}/healthz", **env):
        twice(folder, OTEL_EXPORTER_OTLP_ENDPOINT=url)
        polled(found, spans_in(runs))
        time.sleep(3)  # time for a second copy to show itself
        traces = {}
        for span in found():
            traces.setdefault(span["context"]["trace_id"], []).append(span)
        return traces


def phoenix_spans(phoenix, run):
    return phoenix[run.uuid.replace("-", "")]


def test_phoenix_has_each_step_once_in_its_place(phoenix, runs):
    assert len(phoenix) == len(runs)
    for run in runs:
        spans = phoenix_spans(phoenix, run)
        names = {span["context"]["span_id"]: span["name"] for span in spans}
        assert sorted((span["name"], names.get(span["parent_id"], "")) for span in spans) == parents(run)
        kinds = sorted(span["span_kind"] for span in spans)
        root = "CHAIN" if run.framework.startswith("llama") else "AGENT"
        assert kinds == sorted([root, *(expected_kind(step) for step in run.steps if not step.point)])


def test_phoenix_shows_messages_tool_calls_and_tokens(phoenix, runs):
    run = next(run for run in runs if run.name == "five")
    calls = sorted(by_name(phoenix_spans(phoenix, run), "chat Scripted"), key=lambda span: span["start_time"])
    first, second, last = (span["attributes"] for span in calls)
    assert (first["llm.input_messages.0.message.role"], first["llm.input_messages.0.message.content"]) == (
        "user",
        "look it up",
    )
    asked = "llm.output_messages.0.message.tool_calls.0.tool_call"
    assert first[f"{asked}.function.name"] == "search"
    assert json.loads(first[f"{asked}.function.arguments"]) == {"query": "tea"}
    assert second["llm.input_messages.2.message.role"] == "tool"
    assert last["llm.output_messages.0.message.content"] == "Done."
    for ours, theirs in (
        ("input_tokens", "prompt"),
        ("output_tokens", "completion"),
        ("cache_read_tokens", "prompt_details.cache_read"),
    ):
        told = sum(span["attributes"].get(f"llm.token_count.{theirs}", 0) for span in calls)
        assert told == run.totals[ours]
    tool = by_name(phoenix_spans(phoenix, run), "execute_tool search")[0]["attributes"]
    assert "quota exceeded" in tool["output.value"]
    root = by_name(phoenix_spans(phoenix, run), "invoke_agent five")[0]["attributes"]
    assert (root["input.value"], root["output.value"], root["user.id"]) == ("look it up", "Done.", "u-17")


def test_phoenix_shows_an_error_once_where_it_began_and_on_all_it_passed(phoenix, runs):
    run = next(run for run in runs if run.name == "failed")
    spans = phoenix_spans(phoenix, run)
    assert {span["name"] for span in spans if span["status_code"] == "ERROR"} == {
        "invoke_agent failed",
        "tools",
        "execute_tool broken",
    }
    events = [
        (span["name"], event["name"], event["attributes"]["exception.message"])
        for span in spans
        for event in span["events"]
    ]
    assert events == [("execute_tool broken", "exception", "the index is gone")]


def test_phoenix_joins_an_interrupted_run_and_its_successor_by_session(phoenix, runs):
    waiting, resumed = (run for run in runs if run.name == "asker")
    roots = [by_name(phoenix_spans(phoenix, run), "invoke_agent asker")[0] for run in (waiting, resumed)]
    assert [root["status_code"] for root in roots] == ["UNSET", "OK"]
    assert [root["attributes"]["session.id"] for root in roots] == ["t1", "t1"]
    assert roots[1]["attributes"]["steplog.resumes"] == waiting.id


def test_phoenix_shows_what_a_retriever_found(phoenix, runs):
    run = next(run for run in runs if run.name == "Ask")
    [found] = by_name(phoenix_spans(phoenix, run), "retrieval VectorIndexRetriever")
    step = next(step for step in run.steps if step.kind == "retriever")
    for number, document in enumerate(step.field("documents")):
        lead = f"retrieval.documents.{number}.document"
        assert found["attributes"][f"{lead}.content"] == document["content"]
        assert found["attributes"][f"{lead}.score"] == document["score"]


# -- MLflow


@pytest.fixture(scope="module")
def mlflow(environment, folder, runs, tmp_path_factory):
    """The traces that MLflow has after the log was exported twice, by id."""
    where = tmp_path_factory.mktemp("mlflow")
    bin_, port = environment("mlflow", ours=()), free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        bin_ / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backend-store-uri",
        f"sqlite:///{where}/mlflow.db", "--default-artifact-root", str(where / "artifacts"),
    ]  # fmt: skip

    def traces():
        done = subprocess.run(
            [bin_ / "python", "-c", MLFLOW_CLIENT, url],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    with serving(command, where, f"{url}/health", PATH=f"{bin_}{os.pathsep}{os.environ['PATH']}"):
        twice(folder, OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_HEADERS="x-mlflow-experiment-id=0")
        polled(lambda: [span for trace in traces() for span in trace["spans"]], spans_in(runs))
        return {trace["trace"].removeprefix("tr-"): trace for trace in traces()}


def mlflow_trace(mlflow, run):
    return mlflow[run.uuid.replace("-", "")]


def test_mlflow_has_each_step_once_in_its_place(mlflow, runs):
    assert len(mlflow) == len(runs)
    for run in runs:
        spans = mlflow_trace(mlflow, run)["spans"]
        names = {span["id"]: span["name"] for span in spans}
        assert sorted((span["name"], names.get(span["parent"], "")) for span in spans) == parents(run)
        root = "CHAIN" if run.framework.startswith("llama") else "AGENT"
        assert sorted(span["kind"] for span in spans) == sorted(
            [root, *(expected_kind(step) for step in run.steps if not step.point)]
        )


def test_mlflow_shows_messages_tool_calls_and_tokens(mlflow, runs):
    run = next(run for run in runs if run.name == "five")
    trace = mlflow_trace(mlflow, run)
    calls = by_name(trace["spans"], "chat Scripted")
    assert calls[0]["inputs"] == [{"role": "user", "parts": [{"type": "text", "content": "look it up"}]}]
    [answer] = calls[0]["outputs"]
    assert answer["parts"] == [
        {"type": "tool_call", "id": "c1", "name": "search", "arguments": {"query": "tea"}}
    ]
    usage = json.loads(trace["metadata"]["mlflow.trace.tokenUsage"])
    assert (usage["input_tokens"], usage["output_tokens"], usage["cache_read_input_tokens"]) == tuple(
        run.totals[name] for name in ("input_tokens", "output_tokens", "cache_read_tokens")
    )
    assert (json.loads(trace["asked"]), json.loads(trace["answered"])) == ("look it up", "Done.")
    assert by_name(trace["spans"], "execute_tool search")[0]["inputs"] == {"query": "tea"}
    assert trace["metadata"]["mlflow.trace.user"] == "u-17"


def test_mlflow_shows_an_error_once_where_it_began_and_on_all_it_passed(mlflow, runs):
    trace = mlflow_trace(mlflow, next(run for run in runs if run.name == "failed"))
    assert trace["state"] == "ERROR"
    assert {span["name"] for span in trace["spans"] if span["status"] == "ERROR"} == {
        "invoke_agent failed",
        "tools",
        "execute_tool broken",
    }
    events = [
        (span["name"], event[0], event[1]["exception.message"])
        for span in trace["spans"]
        for event in span["events"]
    ]
    assert events == [("execute_tool broken", "exception", "the index is gone")]


def test_mlflow_joins_an_interrupted_run_and_its_successor_by_session(mlflow, runs):
    waiting, resumed = (mlflow_trace(mlflow, run) for run in runs if run.name == "asker")
    assert [trace["metadata"]["mlflow.trace.session"] for trace in (waiting, resumed)] == ["t1", "t1"]
    assert "ERROR" not in {span["status"] for span in waiting["spans"]}
    assert json.loads(resumed["answered"]) == "I did."


def test_mlflow_shows_what_a_retriever_found(mlflow, runs):
    run = next(run for run in runs if run.name == "Ask")
    [found] = by_name(mlflow_trace(mlflow, run)["spans"], "retrieval VectorIndexRetriever")
    step = next(step for step in run.steps if step.kind == "retriever")
    assert found["inputs"] == "How tall is the lighthouse?"
    assert [document["page_content"] for document in found["outputs"]] == [
        document["content"] for document in step.field("documents")
    ]
