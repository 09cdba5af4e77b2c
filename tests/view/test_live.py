"""Watching: a step is on the page within half a second of its line, while a real agent runs."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime

import pytest
from page_tools import HERE, serving

import steplog

SOON = 0.5


@pytest.fixture
def watched(tab, tmp_path):
    """An empty log, served and open in a tab."""
    log = tmp_path / "steplogs"
    with serving(log) as served:
        opened = tab()
        opened.open(served.link)
        opened.sees("is not there" if not log.exists() else "No runs yet")
        yield log, opened
        opened.clean()


def test_a_step_appears_within_half_a_second_of_its_line(watched):
    pytest.importorskip(
        "langgraph", reason="langgraph, which the scripted agents are made of, is not installed"
    )
    log, tab = watched
    program = "from steplog._cli.main import main; main()"
    agent = subprocess.Popen(
        [sys.executable, "-c", program, "run", "--path", str(log), str(HERE / "scripted_agents.py"), "slow"],
        env={**os.environ, "AGENT_SPEED": "1"},
    )
    try:
        tab.wait(lambda: tab.page.query_selector(".rr"), 60)
        tab.page.keyboard.press("Enter")
        tab.wait(lambda: tab.page.query_selector(".rh"))
        tab.go(tab.page.url.partition("#")[2].join(("#", "?rows=all")))
        # When each step's row is first seen, by the page's own clock.
        tab.page.evaluate("""() => { window.__seen = {}; const look = () => { document.querySelectorAll('.tr .n').forEach(n => { window.__seen[n.textContent] ??= Date.now(); }); };
          new MutationObserver(look).observe(document.body, {subtree: true, childList: true}); look(); window.__began = Date.now(); }""")
        assert agent.wait(60) == 0
        tab.sees("Done looking.")
        seen, began = tab.page.evaluate("[window.__seen, window.__began]")
    finally:
        agent.kill()
    late = []
    for record in steplog.read(log).run("@last").records():
        if record["ev"].endswith(".start") and "step" in record:
            written = datetime.fromisoformat(record["ts"]).timestamp() * 1000
            if written > began:
                late.append((seen[str(record["step"])] - written) / 1000)
    assert len(late) > 20
    late.sort()
    print(f"a step is seen {late[len(late) // 2]:.3f} s after its line (median), {late[-1]:.3f} s at most")
    # Half a second, on a machine that has time; where others work beside, the middle one tells.
    assert late[len(late) // 2] < SOON, late
    tab.wait(lambda: tab.page.query_selector(".pill.s-ok"))


def test_new_runs_wait_behind_a_button_and_the_list_does_not_move(watched):
    log, tab = watched
    with steplog.Recorder(log) as recorder:
        with recorder.run("first", input="one"):
            pass
        tab.sees("first", ".rt")
        with recorder.run("second", input="two"):
            pass
        tab.sees("Show 1 new run")
        assert "second" not in tab.text(".rt")
        tab.page.keyboard.press("o")
        tab.sees("second", ".rt")


def test_a_running_run_says_what_it_is_in_and_one_that_dies_is_said_to_have_died(watched):
    log, tab = watched
    program = (
        "import sys, steplog\n"
        "run = steplog.Recorder(sys.argv[1]).run('doomed', input='go').__enter__()\n"
        "run.tool('dig', args={'depth': 9}).__enter__()\n"
        "print('in', flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "in\n"
        tab.sees("running, in dig")
        tab.page.click(".rr")
        tab.sees("running", ".pill")
        process.kill()
        process.wait()
        tab.sees("died", ".pill")
        tab.sees("The process died inside dig")
    finally:
        process.kill()
        process.communicate()


def test_a_log_that_vanishes_is_said_and_what_was_read_stays(watched):
    log, tab = watched
    with steplog.Recorder(log) as recorder, recorder.run("first", input="one"):
        pass
    tab.sees("first", ".rt")
    log.rename(log.parent / "away")
    tab.sees("is gone since")
    assert "first" in tab.text(".rt")
    (log.parent / "away").rename(log)
    tab.wait(lambda: "is gone since" not in tab.text())


def test_the_page_says_when_the_server_is_gone(tab, tmp_path):
    with serving(tmp_path / "log") as served:
        opened = tab()
        opened.open(served.link)
        opened.sees("is not there")
    opened.sees("does not answer any more", "body")


def test_every_state_of_a_log_has_a_sentence(tab, tmp_path):
    (tmp_path / "empty").mkdir()
    with serving(tmp_path / "empty") as served:
        opened = tab()
        opened.open(served.link)
        opened.sees("No runs yet")
        opened.clean()
    damaged = tmp_path / "damaged"
    with steplog.Recorder(damaged) as recorder, recorder.run("first", input="one"):
        pass
    (file,) = damaged.iterdir()
    file.write_bytes(file.read_bytes() + b'\0\0\0\n{"no":"line"}\n')
    with serving(damaged) as served:
        opened = tab()
        opened.open(served.link)
        opened.sees("unreadable:")
        opened.sees("first")
        opened.go("#/health")
        opened.sees("This log is not whole.")
        opened.clean()
