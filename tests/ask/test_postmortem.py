"""One page says what happened to a run that did not end well, and nothing that the log does not say."""

import contextlib
import json

import busy_log
import pytest
from click.testing import CliRunner

import steplog
from sample_log import begun
from steplog import ask
from steplog._cli.main import steplog as cli


def only_run(path):
    return steplog.read(path).run("@last")


@pytest.fixture
def failed(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, contextlib.suppress(ConnectionError):
        with recorder.run(
            "refund", input={"messages": [["user", "Refund order 1017. My key is sk-" + "demo1" * 8]]}
        ) as run:
            with run.llm(model="m-1", messages=[{"role": "user", "content": "Refund order 1017."}]) as call:
                call.set(
                    message={
                        "role": "assistant",
                        "content": "",
                        "tool_calls": [{"id": "c", "name": "charge", "args": {"order": 1017}}],
                    }
                )
            run.retry(2, wait_ms=200.0, error="no answer")
            with run.tool("charge", args={"order": 1017}, call_id="c"):
                raise ConnectionError("refused")
    return tmp_path / "log"


def test_of_a_failed_run_it_says_where_with_what_input_and_what_was_tried(failed):
    page = ask.postmortem(only_run(failed))
    assert page.asked.startswith("Refund order 1017.")
    (failure,) = page.failures
    assert (failure.kind, failure.name, failure.given) == ("tool", "charge", '{"order": 1017}')
    assert failure.error["type"] == "ConnectionError"
    assert failure.led.said == 'charge({"order": 1017})'
    (tried,) = page.tried
    assert tried.startswith("attempt 2, 200 ms after ")
    assert tried.endswith("no answer")
    assert page.in_flight == ()


def test_secrets_are_masked_on_it_and_counted(failed):
    page = json.dumps(ask.postmortem(only_run(failed)).as_json())
    assert "demo1demo1" not in page
    assert '"masked": {"openai_key": 1}' in page


def test_of_a_dead_process_it_says_what_was_under_way_and_claims_nothing_about_later(tmp_path):
    busy_log.die(tmp_path / "log")
    page = ask.postmortem(only_run(tmp_path / "log"))
    assert page.status == "crashed"
    (step,) = page.in_flight
    assert (step.name, step.given, step.ms, step.status) == ("slow", '{"n": 1}', None, "open")
    assert page.last_answer == "on it"


def test_of_a_dead_process_the_time_at_work_is_up_to_the_last_line(tmp_path):
    import os
    import socket

    from steplog._format.process import boot_id

    lines = begun(host=socket.gethostname(), boot=boot_id(), proc_start=1, pid=os.getpid())
    lines.add("custom.point", step=4, parent=3, name="half way").write(tmp_path / "a.jsonl")
    flying = ask.postmortem(only_run(tmp_path / "a.jsonl")).in_flight
    assert [(step.step, step.ms) for step in flying] == [(1, 4.0), (3, 1.0)]


def test_of_a_cancelled_run_it_says_what_was_cut_off(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r", input="go") as run:
        with run.node("work") as node:
            with node.tool("slow", args={"n": 2}) as tool:
                tool.set(status="cancelled")
            node.set(status="cancelled")
        run.set(status="cancelled")
    page = ask.postmortem(only_run(tmp_path / "log"))
    assert [(step.name, step.status, step.given) for step in page.in_flight] == [
        ("slow", "cancelled", '{"n": 2}')
    ]


def test_of_a_waiting_run_it_says_the_question_and_how_to_go_on(tmp_path):
    lines = begun()
    lines.add("interrupt.point", step=4, parent=3, value={"question": "really?"}, id="i1")
    lines.add("tool.end", step=3, ms=1, status="interrupted").add(
        "node.end", step=1, ms=2, status="interrupted"
    )
    totals = {"steps": 4, "interrupts": 1}
    lines.add("run.end", ms=3, totals=totals, checkpoint={"thread_id": "t1", "id": "c9"}).write(
        tmp_path / "a.jsonl"
    )
    page = ask.postmortem(only_run(tmp_path / "a.jsonl"))
    assert page.status == "interrupted"
    assert page.waits_for == ('{"question": "really?"}',)
    assert page.config["configurable"]["checkpoint_id"] == "c9"


def test_an_answered_question_is_no_longer_waited_for(tmp_path):
    lines = begun()
    lines.add("interrupt.point", step=4, parent=3, value="really?").add("resume.point", step=5)
    lines.add("run.end", ms=3, totals={"steps": 5}).write(tmp_path / "a.jsonl")
    assert ask.postmortem(only_run(tmp_path / "a.jsonl")).waits_for == ()


def test_the_page_in_markdown_is_headings_and_blocks_in_which_nothing_of_the_log_acts(tmp_path):
    nasty = "# x\n```\n<script>alert(1)</script>\x1b[31m ![a](http://x)"
    with steplog.Recorder(tmp_path / "log") as recorder, contextlib.suppress(ValueError):
        with recorder.run(f"*{nasty}*", input=nasty) as run, run.tool(nasty, args={nasty: nasty}):
            raise ValueError(nasty)
    shown = CliRunner().invoke(cli, ["postmortem", "@last", "--md", "-p", str(tmp_path / "log")]).output
    assert "\x1b" not in shown
    fence, outside = "", []
    for line in shown.splitlines():
        if not fence and line.startswith("```"):
            fence = line.removesuffix("text")
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert fence == ""
    assert not any("<script>" in line or "![a]" in line for line in outside)
    assert outside[0].startswith("# \\*\\# x")
    assert [line for line in outside if line.startswith("## ")] == [
        "## Asked",
        "## Failed: step 1",
        "## Totals",
    ]
