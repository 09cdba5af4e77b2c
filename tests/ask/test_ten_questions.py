"""What people ask of a log of real agents, each answered by one command; `-s` prints the table."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from steplog._cli.main import steplog as cli

pytest.importorskip("langchain")
pytest.importorskip("duckdb")
pytest.importorskip("genai_prices")
PROGRAM = Path(__file__).with_name("agents_program.py")

QUESTIONS = [
    ("which runs called `refund`?", ["ls", "--tool", "refund"]),
    ("in which did a tool fail?", ["ls", "--tool-failed"]),
    ("all of thread t1 as a conversation", ["show", "--thread", "t1"]),
    ("what did user u-17 spend by day?", ["cost", "--meta", "user=u-17", "--by", "day"]),
    ("which answers were cut off?", ["grep", "-E", "length|max_tokens", "--field", "finish_reason"]),
    ('what did the sub-agent "analyst" cost in total?', ["cost", "--by", "agent"]),
    ('where does "quota exceeded" stand?', ["grep", "quota exceeded"]),
    ("why is today's run dearer than yesterday's?", ["diff", "@-3", "@-2"]),
    ("what was running when it died?", ["postmortem", "@last"]),
    ("which tool is slowest at p95?", ["stats", "--by", "tool", "--sort", "p95"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("agents") / "logs"
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1, done.stderr[-2000:]  # the last agent's process died, as it was told to
    return path


def ask(log, *words):
    return CliRunner().invoke(cli, [*words, "-p", str(log)], catch_exceptions=False)


def rows(log, *words):
    return json.loads(ask(log, *words, "--json").stdout)


def test_the_table(log):
    for question, words in QUESTIONS:
        answer = ask(log, *words)
        assert answer.exit_code == (1 if words[0] == "diff" else 0), answer.output
        print(f"\n{question}\n$ steplog {' '.join(words)}\n{answer.stdout}")


def test_the_page_about_them_has_every_question_with_its_command_and_an_answer():
    page = (Path(__file__).parents[2] / "docs" / "questions.md").read_text(encoding="utf-8")
    for question, words in QUESTIONS:
        title = f"## {question[0].upper()}{question[1:]}"
        assert (
            f"{title}\n\n<!-- tested: tests/ask/test_ten_questions.py -->\n```console\n$ steplog {shlex.join(words)}\n"
            in page
        )


def test_which_runs_called_refund(log):
    assert [row["name"] for row in rows(log, "ls", "--tool", "refund")] == ["support", "support"]


def test_in_which_did_a_tool_fail(log):
    assert [row["name"] for row in rows(log, "ls", "--tool-failed")] == ["billing"]
    assert [row["name"] for row in rows(log, "ls", "--tool-failed", "--tool", "charge")] == ["billing"]


def test_all_of_thread_t1_as_a_conversation(log):
    said = [(turn["who"], turn["text"]) for turn in rows(log, "show", "--thread", "t1")["turns"]]
    assert said == [
        ("user", "Refund my order 1017"),
        ("tool", "order 1017: 40 EUR, paid"),
        ("assistant", "Let me refund it."),
        ("tool", ""),
        ("question", '{"question": "Refund order 1017?"}'),
        ("end", ""),
        ("answer", "yes"),
        ("tool", "refunded"),
        ("assistant", "Your money is on its way."),
        ("user", "Thanks"),
        ("assistant", "You are welcome."),
    ]


def test_what_did_user_u_17_spend_by_day(log):
    found = rows(log, "cost", "--meta", "user=u-17", "--by", "day")
    (day,) = found["groups"]
    assert day["input_tokens"] == 1000
    assert day["cost"] == pytest.approx(1000 * 2.5e-6 + 40 * 10e-6)
    assert found["price_sources"][0].startswith("genai-prices ")


def test_which_answers_were_cut_off(log):
    (hit,) = rows(log, *QUESTIONS[4][1])
    run = rows(log, "show", hit["run"])
    assert run["name"] == "report"
    assert run["steps"][hit["step"] - 1]["message"]["content"] == "A report that is cut o"
    assert [row["id"] for row in rows(log, "ls", "--finish", "cut")] == [hit["run"]]


def test_what_the_sub_agent_analyst_cost_in_total(log):
    groups = {group["agent"]: group for group in rows(log, "cost", "--by", "agent")["groups"]}
    expected = 2 * (1600 * 2.5e-6 + 20 * 10e-6)  # two runs of it
    assert groups["analyst"]["cost"] == pytest.approx(expected)
    part = rows(log, "show", "@-2", "--agent", "analyst")
    assert part["totals"]["input_tokens"] == 1600
    assert part["cost"] == pytest.approx(expected / 2)


def test_where_quota_exceeded_stands(log):
    hits = rows(log, "grep", "quota exceeded")
    assert {hit["field"] for hit in hits} == {"error.message"}
    assert hits[0]["kind"] == "tool"
    assert hits[0]["name"] == "charge"


def test_why_todays_run_is_dearer_than_yesterdays(log):
    found = rows(log, "diff", "@-3", "@-2")
    assert found["first"]["what"] == "calls"
    assert found["first"]["a_said"] == "All fine."
    assert "look_up" in found["first"]["b_said"]
    dearest = found["dearer"][0]
    assert dearest["b_tokens"] == [61_000, 10]
    assert found["totals"]["cost"]["b"] > found["totals"]["cost"]["a"]


def test_what_was_running_when_it_died(log):
    page = rows(log, "postmortem", "@last")
    assert page["status"] == "crashed"
    assert page["asked"] == "Export yesterday"
    tool = page["in_flight"][-1]
    assert (tool["kind"], tool["name"], tool["given"]) == ("tool", "export", '{"day": "2026-11-26"}')
    assert "ms" not in tool or tool["ms"] is None  # nothing was written after: nobody knows for how long


def test_which_tool_is_slowest_at_p95(log):
    groups = rows(log, "stats", "--by", "tool", "--sort", "p95")["groups"]
    slowest = max(groups, key=lambda group: group["ms"]["p95"] if "ms" in group else 0)
    assert slowest["tool"] == "analyse"
    assert ask(log, "stats", "--by", "tool", "--sort", "p95").stdout.splitlines()[1].startswith("analyse")
