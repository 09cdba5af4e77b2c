"""What a sub-agent used stands on its row, and how much of what was used was cached or thought."""

from __future__ import annotations

import json

import steplog
from steplog._show.look import PLAIN
from steplog._show.run_tree import run_lines


def test_an_agents_row_says_what_it_used_with_all_that_is_part_of_it(tmp_path, desk):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("boss") as run:
        with run.agent("outer") as outer:
            with outer.llm(model="a") as call:
                call.set(usage={"input_tokens": 10, "output_tokens": 1})
            with outer.tool("ask") as tool, tool.agent("inner") as inner:
                with inner.llm(model="b") as call:
                    call.set(usage={"input_tokens": 100, "output_tokens": 20, "cache_read_tokens": 50})
                with inner.llm(model="b") as call:
                    call.set(usage={"input_tokens": 100, "output_tokens": 20}, cached=True)
        with run.agent("dumb") as dumb, dumb.llm(model="c"):
            pass
        with run.agent("idle"):
            pass
    rows = {
        line.split("agent ")[1].split()[0]: line
        for line in str(steplog.read(tmp_path / "log").run("@last")).splitlines()
        if "agent " in line
    }
    assert "2 calls, 100/20 tokens, 50% cached" in rows["inner"]
    assert "3 calls, 110/21 tokens, 45% cached" in rows["outer"]
    assert "1 call, ?/? tokens, 1 call without usage" in rows["dumb"]
    assert "call" not in rows["idle"]
    data = json.loads(desk.steplog("show", "@last", "--json", "-p", str(tmp_path / "log")).stdout)
    totals = {step["name"]: step["totals"] for step in data["steps"] if step["kind"] == "agent"}
    assert totals["inner"] == {
        "steps": 3,
        "llm_calls": 2,
        "input_tokens": 100,
        "output_tokens": 20,
        "cache_read_tokens": 50,
        "models": ["b"],
    }
    assert (totals["outer"]["input_tokens"], totals["outer"]["models"]) == (110, ["a", "b"])


def test_how_much_of_an_answer_was_reasoning_is_said(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        with run.llm(model="m") as call:
            call.set(usage={"input_tokens": 100, "output_tokens": 40, "reasoning_tokens": 30})
    run = steplog.read(tmp_path / "log").run("@last")
    assert "100/40 tokens, 75% reasoning" in str(run)
    assert "100/40 75%r" in "\n".join(run_lines(run, PLAIN._replace(columns=80)))
