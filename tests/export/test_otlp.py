"""Spans as backends read them: both conventions, the same ids each time, and only what gets no other end."""

import http.server
import json
import threading

import pytest
from openinference.semconv import trace as openinference
from opentelemetry.sdk.resources import Resource
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.trace.status import StatusCode

import steplog
from steplog._export import otlp_names
from steplog._export.final import is_final
from steplog._export.otlp_spans import spans_of
from steplog._export.untold import Untold


def spans(run):
    return list(spans_of(run, Resource({}), Untold()))


def named(run, name):
    return next(span for span in spans(run) if span.name == name)


def known_names():
    modules = (
        gen_ai_attributes,
        *(value for value in vars(openinference).values() if isinstance(value, type)),
    )
    return {value for module in modules for value in vars(module).values() if isinstance(value, str)}


def ours():
    for value in vars(otlp_names).values():
        for name in value if isinstance(value, tuple) else [value] if isinstance(value, str) else ():
            if "." in name and "/" not in name and not name.startswith("steplog") and "{" not in name:
                yield name
    for table in (otlp_names.MODEL_CALL, otlp_names.USAGE):
        yield from (name for names in table.values() for name in names)
    yield from otlp_names.PARAMETERS.values()


@pytest.mark.parametrize("name", sorted({name for name in ours() if not name.startswith(("Our", "steplog"))}))
def test_every_name_is_one_of_the_conventions(name):
    assert name in known_names()


def test_operations_and_kinds_are_those_of_the_conventions():
    operations = {value.value for value in gen_ai_attributes.GenAiOperationNameValues}
    kinds = {value.value for value in openinference.OpenInferenceSpanKindValues}
    for operation, kind in otlp_names.OPERATIONS.values():
        assert operation in operations | {""}
        assert kind in kinds


def test_a_run_is_a_tree_of_spans_with_its_own_uuid_as_trace(run_named):
    run = run_named("five")
    found = spans(run)
    assert len(found) == 1 + len(run.steps)
    assert {f"{span.context.trace_id:032x}" for span in found} == {run.uuid.replace("-", "")}
    ids = {span.context.span_id: span for span in found}
    for span, step in zip(found[1:], run.steps, strict=True):
        above = ids[span.parent.span_id].attributes.get("steplog.step")
        assert above == (step.parent.number if step.parent else None)


def test_the_same_run_has_the_same_ids_each_time(run_named):
    first, second = spans(run_named("five")), spans(run_named("five"))
    assert [s.context.span_id for s in first] == [s.context.span_id for s in second]


def test_a_model_call_has_its_messages_as_json_texts_and_no_input_value(run_named):
    call = next(s for s in spans(run_named("five")) if s.attributes.get("openinference.span.kind") == "LLM")
    [asked] = json.loads(call.attributes["gen_ai.input.messages"])
    assert asked == {"role": "user", "parts": [{"type": "text", "content": "look it up"}]}
    [answer] = json.loads(call.attributes["gen_ai.output.messages"])
    assert answer["parts"] == [
        {"type": "tool_call", "id": "c1", "name": "search", "arguments": {"query": "tea"}}
    ]
    assert answer["finish_reason"] == "unknown", "an answer without one is not shown by Phoenix"
    assert "input.value" not in call.attributes
    tokens = {
        name: call.attributes[name]
        for name in (
            "gen_ai.usage.input_tokens",
            "llm.token_count.prompt_details.cache_read",
            "llm.token_count.total",
        )
    }
    assert list(tokens.values()) == [20, 8, 25]


def test_a_tool_and_the_root_have_input_and_output(run_named):
    run = run_named("five")
    tool = named(run, "execute_tool search")
    assert json.loads(tool.attributes["input.value"]) == {"query": "tea"}
    assert "quota exceeded" in tool.attributes["output.value"]
    root = spans(run)[0]
    assert (root.name, root.attributes["input.value"], root.attributes["output.value"]) == (
        "invoke_agent five",
        "look it up",
        "Done.",
    )
    assert root.attributes["user.id"] == "u-17"


def test_an_error_is_an_event_once_where_it_came_from(run_named):
    found = spans(run_named("failed"))
    events = [(span.name, event.name) for span in found for event in span.events]
    assert events == [("execute_tool broken", "exception")]
    failed = [span.name for span in found if span.status.status_code is StatusCode.ERROR]
    assert failed == ["invoke_agent failed", "tools", "execute_tool broken"]


def test_what_a_killed_process_was_doing_says_so(run_named):
    found = spans(run_named("crashed"))
    died = {span.name for span in found if span.status.description == "the process died while this ran"}
    assert died == {"invoke_agent crashed", "tools", "execute_tool deadly"}
    assert all(span.end_time >= span.start_time > 0 for span in found)


def test_an_interrupted_run_is_no_failure_and_its_successor_is_linked(log):
    waiting = next(run for run in log.runs if run.status == "interrupted")
    resumed = next(run for run in log.runs if run.resumes == waiting.id)
    assert spans(waiting)[0].status.status_code is StatusCode.UNSET
    [link] = spans(resumed)[0].links
    root = spans(waiting)[0].context
    assert (link.context.trace_id, link.context.span_id) == (root.trace_id, root.span_id)
    assert {span.attributes.get("session.id") for span in spans(resumed)} == {"t1"}


def test_a_run_inside_a_run_is_a_trace_of_its_own_that_names_the_other(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("outer") as run, run.tool("t"):
        with recorder.run("inner"):
            pass
    outer, inner = steplog.read(tmp_path / "log").runs
    root = spans(inner)[0]
    assert root.parent is None
    assert root.context.trace_id != spans(outer)[0].context.trace_id
    assert (root.attributes["steplog.parent_run"], root.attributes["steplog.parent_step"]) == (outer.id, 1)


def test_a_running_run_waits(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run, run.tool("t"):
        [running] = steplog.read(tmp_path / "log").runs
        assert not is_final(running)


def test_a_files_lines_are_otlps_json_with_ids_in_hex(command, folder, tmp_path, log):
    done = command("export", "otlp", "-p", folder, "-o", "spans.jsonl")
    assert done.returncode == 0
    assert f"{len(log.runs)} runs" in done.stderr
    data = [json.loads(line) for line in (tmp_path / "spans.jsonl").read_text().splitlines()]
    found = [
        span for line in data for r in line["resourceSpans"] for s in r["scopeSpans"] for span in s["spans"]
    ]
    assert len(found) == sum(1 + sum(not step.point for step in run.steps) for run in log.runs)
    assert all(len(span["traceId"]) == 32 and len(span["spanId"]) == 16 for span in found)


def test_a_files_lines_are_read_by_opentelemetrys_own_classes_and_nothing_is_left_over(log, tmp_path):
    """Each line comes back as it was from the classes generated from OTLP's JSON encoding; the values are those of the spans."""
    from opentelemetry.proto_json.trace.v1.trace import TracesData

    from steplog import export

    with (tmp_path / "spans.jsonl").open("w") as out:
        export.write_otlp(log.runs, out)
    read = []
    for line in (tmp_path / "spans.jsonl").read_text().splitlines():
        found = TracesData.from_dict(json.loads(line))
        assert found.to_dict() == json.loads(line)
        read += [span for r in found.resource_spans for s in r.scope_spans for span in s.spans]
    told = [span for run in log.runs for span in spans(run)]
    assert len(read) == len(told)
    for mine, theirs in zip(told, read, strict=True):
        assert theirs.trace_id == mine.context.trace_id.to_bytes(16, "big")
        assert theirs.span_id == mine.context.span_id.to_bytes(8, "big")
        assert (theirs.name, theirs.start_time_unix_nano, theirs.end_time_unix_nano) == (
            mine.name,
            mine.start_time,
            mine.end_time,
        )
        texts = {
            each.key: each.value.string_value
            for each in theirs.attributes
            if each.value.string_value is not None
        }
        assert texts == {name: value for name, value in mine.attributes.items() if isinstance(value, str)}
        assert [event.name for event in theirs.events] == [event.name for event in mine.events]


class Backend(http.server.BaseHTTPRequestHandler):
    """Takes what is posted to it."""

    def do_POST(self):
        self.server.posted.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_runs_arrive_at_a_backend_as_protobuf(command, folder, log):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        server.posted = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"http://127.0.0.1:{server.server_port}"
        done = command(
            "export", "otlp", "-p", folder, OTEL_EXPORTER_OTLP_ENDPOINT=where, NO_PROXY="127.0.0.1"
        )
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert {path for path, _ in server.posted} == {"/v1/traces"}
    requests = [ExportTraceServiceRequest.FromString(body) for _, body in server.posted]
    names = [
        span.name
        for request in requests
        for r in request.resource_spans
        for s in r.scope_spans
        for span in s.spans
    ]
    assert "invoke_agent five" in names
    assert sum(name.startswith(("invoke_agent", "invoke_workflow")) for name in names) >= len(log.runs)


def test_nobody_there_is_one_sentence_and_no_traceback(command, folder):
    done = command(
        "export",
        "otlp",
        "@last",
        "-p",
        folder,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "did not take the spans" in done.stderr


# -- less of what was said

PHRASE = "the secret ingredient is tea"


@pytest.fixture(scope="module")
def talkative(tmp_path_factory):
    """The log of a run in which the same phrase is said everywhere that something is said."""
    long = f"{PHRASE} " * 40
    folder = tmp_path_factory.mktemp("talk") / "log"
    with steplog.Recorder(folder) as recorder:
        try:
            with recorder.run("r", input=long, metadata={"user_id": "u-17", "why": long}) as run:
                with run.llm("m", messages=[{"role": "user", "content": long}]) as call:
                    call.set(
                        message={
                            "role": "assistant",
                            "content": long,
                            "tool_calls": [{"id": "c", "name": "t", "args": {"q": long}}],
                        },
                        usage={"input_tokens": 3, "output_tokens": 4},
                    )
                with run.tool("t", args={"q": long}) as tool:
                    tool.set(result=long)
                with run.step("retriever", "docs", query=long) as found:
                    found.set(
                        documents=[{"id": "d1", "score": 0.5, "content": long, "metadata": {"from": long}}]
                    )
                run.custom("note", {"text": long})
                run.set(output=long)
                raise ValueError(long)
        except ValueError:
            pass
    return folder


def told_of(folder, content):
    untold = Untold()
    [run] = steplog.read(folder).runs
    return list(spans_of(run, Resource({}), untold, content)), untold


def everything(found):
    attributes = [span.attributes for span in found] + [
        event.attributes for span in found for event in span.events
    ]
    return [json.dumps(dict(each)) for each in attributes] + [span.status.description or "" for span in found]


def test_without_content_nothing_of_what_was_said_is_told_but_names_numbers_and_ids_are(talkative):
    found, untold = told_of(talkative, "none")
    said = "".join(everything(found))
    assert "tea" not in said
    assert "u-17" not in said
    assert untold.counts["texts (--content none)"] >= 10
    full, _ = told_of(talkative, "full")
    assert [(s.name, s.context.span_id) for s in found] == [(s.name, s.context.span_id) for s in full]
    call = next(span for span in found if span.attributes["openinference.span.kind"] == "LLM")
    assert call.attributes["gen_ai.usage.input_tokens"] == 3
    documents = next(span for span in found if span.name.startswith("retrieval")).attributes
    assert (
        documents["retrieval.documents.0.document.id"],
        documents["retrieval.documents.0.document.score"],
    ) == ("d1", 0.5)
    assert found[0].status.description == "ValueError"


def test_a_preview_has_the_beginning_of_each_text_and_stays_json(talkative):
    found, untold = told_of(talkative, "preview")
    assert all(text.count("tea") <= 8 * text.count(PHRASE[:12]) for text in everything(found))
    call = next(span for span in found if span.attributes["openinference.span.kind"] == "LLM")
    [asked] = json.loads(call.attributes["gen_ai.input.messages"])
    [part] = asked["parts"]
    assert (len(part["content"]), part["content"][-1]) == (201, "…")
    [answer] = json.loads(call.attributes["gen_ai.output.messages"])
    assert len(answer["parts"][1]["arguments"]["q"]) == 201
    assert untold.counts["texts whose end was left out (--content preview)"] >= 10


def test_the_command_tells_no_more_than_it_is_asked_to(command, talkative, tmp_path):
    done = command("export", "otlp", "--content", "none", "-p", talkative, "-o", "spans.jsonl")
    assert done.returncode == 0, done.stderr
    assert "tea" not in (tmp_path / "spans.jsonl").read_text()
    assert "texts (--content none)" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("atif", "--content", "none"),
        ("messages", "--content", "preview"),
        ("md", "--shape", "openai"),
        ("chrome", "--full"),
        ("html", "--unfinished"),
        ("parquet", "views", "--per", "call"),
    ],
    ids=" ".join,
)
def test_an_option_that_a_format_does_not_heed_is_refused(words, command, talkative):
    done = command("export", *words, "-p", talkative)
    assert done.returncode == 2
    assert "has no --" in done.stderr
