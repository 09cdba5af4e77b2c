"""What the commands print, literally, and how they end."""

import json
import os
import socket

import pytest
from click.testing import CliRunner

from sample_log import OTHER_RUN, RUN, SEGMENT, Lines, begun, weather
from steplog._cli.main import steplog
from steplog._format.process import boot_id


def call(*args, **kwargs):
    return CliRunner().invoke(steplog, [str(arg) for arg in args], **kwargs)


@pytest.fixture
def log(tmp_path):
    lines = weather()
    lines.run = OTHER_RUN
    lines.add("run.start", id="x", name="[red]second\x1b[31m").add("run.end", ms=61_000, status="error")
    return lines.write_in(tmp_path / "logs")


TREE = """\
forecast  ok  1.7 s
run 8f3a1c2b4d5e6f70  started 2026-11-23 03:12:59Z  langgraph  thread t1
in   What is the weather in Oslo?
out  Rain, four degrees.

1 ├─ node agent  950 ms
2 │  ├─ llm gpt-x  900 ms  100/20 tokens  What is the weather in Oslo? → weather({"city": "Oslo"})
3 │  └─ tool weather  30 ms  {"city": "Oslo"} → rain, 4 °C
4 └─ llm gpt-x  700 ms  150/12 tokens  rain, 4 °C → Rain, four degrees.

totals: 4 steps, 2 llm calls, 1 tool call, 250 tokens in, 32 tokens out, models gpt-x
log: {file}
"""


def test_show_draws_a_run_as_a_tree(log):
    result = call("show", "8f", "--path", log)
    assert result.output == TREE.replace("{file}", str(log / SEGMENT))
    assert result.exit_code == 0


CRASH = """\
forecast  crashed  6 ms
run 8f3a1c2b4d5e6f70  started 2026-11-23 03:12:59Z  langgraph  thread t1
in   What is the weather in Oslo?

1 └─ node agent  [still running when the process died]
2    ├─ llm gpt-x  900 ms  100/20 tokens  What is the weather in Oslo? → weather({"city": "Oslo"})
3    ├─ tool weather  [still running when the process died]  {"city": "Oslo"}
4    └─ tool fetch  7 ms  [error]
        ! my.tools.Timeout: too \\x1b[31mslow
          after 3 tries http_status=504
            tools.py:7 in fetch

still running when the process died:
  1 node agent
  3 tool weather args {"city": "Oslo"}

totals: 4 steps, 1 llm call, 2 tool calls, 1 error, 100 tokens in, 20 tokens out, models gpt-x
! unfinished last line in {file}, line 9
log: {file}
"""


def test_show_says_what_a_crashed_run_was_doing_and_what_failed(tmp_path):
    lines = begun(host=socket.gethostname(), boot=boot_id(), proc_start=1, pid=os.getpid())
    lines.add("tool.start", step=4, parent=1, name="fetch")
    error = {
        "type": "Timeout",
        "module": "my.tools",
        "message": "too \x1b[31mslow\nafter 3 tries",
        "http_status": 504,
    }
    lines.add("tool.end", step=4, ms=7, status="error", error={**error, "stack": ["tools.py:7 in fetch"]})
    file = lines.write(tmp_path / "a.jsonl")
    with file.open("ab") as log:
        log.write(b'{"seq":9,')
    result = call("show", "@last", "-p", file)
    assert result.output == CRASH.replace("{file}", str(file))


def test_an_error_is_told_in_full_where_it_came_from_and_shortly_where_it_passed_through(tmp_path):
    lines = begun().add(
        "tool.end", step=3, ms=0.25, status="error", error={"type": "KeyError", "message": "x"}
    )
    passed = {"type": "KeyError", "message": "x", "step": 3}
    lines.add("node.end", step=1, ms=2, status="error", error=passed).add(
        "run.end", ms=3, status="error", error=passed
    )
    shown = call("show", "@last", "-p", lines.write(tmp_path / "a.jsonl")).output
    assert "1 └─ node agent  2 ms  [error]\n     ! KeyError from step 3\n" in shown
    assert '3    └─ tool weather  0.2 ms  [error]  {"city": "Oslo"}\n        ! KeyError: x\n' in shown
    assert "\n\n! KeyError (from step 3): x\n\ntotals: " in shown


STEP = """\
step 4  llm gpt-x  ok  700 ms
run 8f3a1c2b4d5e6f70  started 2026-11-23 03:12:59Z

answer
  [4] assistant
      Rain,
      four degrees.

usage: 150 input_tokens, 12 output_tokens

prompt: 3 messages, 1 since the last answer
  [3] tool  answers c1
      rain, 4 °C

model: gpt-x
finish_reason: stop

prompt, what was said before:
  [1] user
      What is the weather in Oslo?
  [2] assistant
      calls weather({"city": "Oslo"})  [c1]
"""


def test_show_rebuilds_the_whole_prompt_of_a_step(log):
    assert call("show", "8f", 4, "-p", log).output == STEP


LISTING = """\
RUN       STARTED               NAME                 STATUS  STEPS  LLM  TOOL  ERR   IN  OUT    TIME  ASKED
8f3a1c2b  2026-11-23 03:12:59Z  forecast             ok          4    2     1    0  250   32   1.7 s  What is the weather in Oslo?
9e000000  2026-11-23 03:12:59Z  [red]second\\x1b[31m  error       0    0     0    1    0    0  1m 01s  -
2 runs                                                           4    2     1    1  250   32  1m 02s
"""


def test_ls_lists_runs_newest_last(log):
    result = call("ls", log)
    assert result.output == LISTING
    assert result.exit_code == 0


def test_json_is_an_array_and_jsonl_a_stream_and_both_escape_controls(log):
    runs = json.loads(call("ls", "--json", log).output)
    assert [run["id"] for run in runs] == [RUN, OTHER_RUN]
    stream = call("ls", "--jsonl", log).output
    assert [json.loads(line) for line in stream.splitlines()] == runs
    assert "\x1b" not in stream


def test_show_json_has_each_message_once_and_a_step_has_its_prompt_whole(log):
    run = json.loads(call("show", "8f", "--json", "-p", log).output)
    assert [m["m"] for m in run["messages"]] == [1, 2, 3, 4]
    assert run["steps"][3]["prompt"] == [1, 2, 3]
    step = json.loads(call("show", "8f", 4, "--json", "-p", log).output)
    assert [m["m"] for m in step["prompt"]] == [1, 2, 3]
    assert step["message"]["content"] == "Rain,\nfour degrees."


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--status", "ok"], [RUN]),
        (["--status", "ok", "--status", "error"], [RUN, OTHER_RUN]),
        (["--limit", "1"], [OTHER_RUN]),
        (["--since", "2026-11-23T03:12:59.005"], [OTHER_RUN]),
        (["--until", "2026-11-23T03:12:59.005"], [RUN]),
        (["--since", "100000d"], [RUN, OTHER_RUN]),
    ],
)
def test_ls_filters(log, options, ids):
    assert [
        json.loads(line)["id"] for line in call("ls", "--jsonl", *options, log).output.splitlines()
    ] == ids


def test_standard_input_can_be_a_log(log):
    data = (log / SEGMENT).read_bytes()
    assert len(call("ls", "--jsonl", "-", input=data).output.splitlines()) == 2
    assert call("show", "8f", 4, "-p", "-", input=data).output == STEP
    assert len(call("tail", "-n", 3, "-", input=data).output.splitlines()) == 3


def test_tail_shows_the_newest_lines_in_words_or_as_they_are(log):
    assert call("tail", "-n", 3, log).output == (
        "03:12:59.012               log.close\n"
        "03:12:59.013 9e000000      run.start [red]second\\x1b[31m\n"
        "03:12:59.014 9e000000      run.end [error]\n"
    )
    raw = call("tail", "-n", 2, "--jsonl", log).output.splitlines()
    assert [json.loads(line)["seq"] for line in raw] == [13, 14]


def test_damage_is_warned_of_on_standard_error(tmp_path):
    lines = weather().add("log.lost", count=3, reason="ENOSPC")
    del lines.records[6]
    lines.write(tmp_path / "a.jsonl")
    with (tmp_path / "a.jsonl").open("ab") as log:
        log.write(b"\0\0\n")
    result = call("ls", "--json", tmp_path / "a.jsonl")
    assert len(json.loads(result.stdout)) == 1
    assert "line 13" in result.stderr
    assert "2 NUL bytes" in result.stderr
    assert "wrote lines 7 to 7, the log does not have them" in result.stderr
    assert "lost: 3 lines (ENOSPC)" in result.stderr


def test_schema_is_printed_as_json():
    assert json.loads(call("schema").output)["title"] == "A line of a steplog log, format version 1"


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (["ls", "{tmp}/missing"], 2, "there is no log at"),
        (["ls", "{tmp}/empty"], 1, "no runs in"),
        (["ls", "{tmp}/logs", "--status", "running"], 1, "that fit"),
        (["ls", "{tmp}/text.txt"], 2, "is no log: none of its lines"),
        (["ls", "{tmp}/binary"], 2, "is no log: none of its lines"),
        (["ls", "{tmp}/other"], 2, "none of the 1 entries in it is a steplog segment"),
        (["ls", "--since", "soon", "{tmp}/logs"], 2, "is no time"),
        (["show", "77", "-p", "{tmp}/logs"], 1, "no run '77'"),
        (["show", "@-7", "-p", "{tmp}/logs"], 1, "no run '@-7'"),
        (["show", "8f", "9", "-p", "{tmp}/logs"], 1, "has no step 9"),
        (["show", "8f", "x", "-p", "{tmp}/logs"], 2, "not a valid integer"),
        (["show", "8", "-p", "{tmp}/two.jsonl"], 2, "fits 2 runs"),
        (["show", "@last", "-p", "{tmp}/empty"], 1, "it has no runs yet"),
        (["show", "8f", "-p", "{tmp}/missing\x1b[31m"], 2, "missing\\x1b[31m"),
        (["show"], 2, "there is no log at"),
        (["tail", "{tmp}/missing"], 2, "there is no log at"),
        (["tail", "-f", "{tmp}/missing"], 2, "there is no log at"),
        (["tail", "-f", "-"], 2, "cannot be followed"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_bad_input_gives_one_sentence_and_the_right_exit_code(tmp_path, log, args, code, sentence):
    for folder in ("empty", "other"):
        (tmp_path / folder).mkdir()
    (tmp_path / "other" / "notes.md").touch()
    (tmp_path / "text.txt").write_text("hello\n")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 1000)
    two = Lines().opened().add("run.start", id="x")
    two.run = "8000000000000000"
    two.add("run.start", id="y").write(tmp_path / "two.jsonl")
    result = call(*(arg.replace("{tmp}", str(tmp_path)) for arg in args))
    assert sentence in result.stderr
    assert result.stdout == ""
    assert result.exit_code == code
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "\x1b" not in result.stderr
