"""Labels and notes by keys on the page stand in the same file as those of the command line, and each sees the other's."""

from __future__ import annotations

import pytest
from page_tools import embedded, run_cli, serving

import steplog
from steplog import ask
from steplog._ask.noted import label_counts


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    with steplog.Recorder(path) as recorder:
        for number in range(100):
            with (
                recorder.run("answer", input=f"question {number}") as run,
                run.tool("search", args={"n": number}) as tool,
            ):
                tool.set(result="found")
    return path


@pytest.fixture
def opened(tab, log):
    with serving(log) as server:
        page = tab()
        page.open(server.link)
        page.wait(lambda: page.page.query_selector(".rr"))
        yield page
        page.clean()


def type_note(page, key: str, words: str) -> None:
    page.page.keyboard.press(key)
    page.page.keyboard.type(words)
    page.page.keyboard.press("Enter")


def test_a_hundred_runs_labelled_by_a_script_and_by_keys_agree_wherever_they_are_counted(opened, log):
    for run in steplog.read(log).runs[:40]:
        run.note(labels="by-script", by="script")
    for _ in range(60):  # the newest stand first
        opened.page.keyboard.press("x")
        opened.page.keyboard.press("j")
    opened.sees("60 selected")
    type_note(opened, "l", "#by-keys good ones")
    opened.wait(lambda: len(steplog.read(log).notes) == 100)
    expected = {"by-keys": 60, "by-script": 40}
    fresh = steplog.read(log)
    assert dict(label_counts(fresh.notes)) == expected
    assert {each.group[0]: each.runs for each in ask.stats(fresh, ["label"]).groups} == expected
    rows = ask.sql(fresh, "SELECT label, count(DISTINCT run) FROM notes WHERE in_log GROUP BY label").rows
    assert dict(rows) == expected
    opened.go("#/runs?q=label%3Aby-keys")
    opened.sees("60 of 100 runs")
    opened.go("#/runs?q=label%3Aby-script")
    opened.sees("40 of 100 runs")


def test_a_note_on_a_step_stays_beside_the_log_and_comes_back(opened, log):
    run = steplog.read(log)[-1]
    opened.go(f"#/run/{run.id}?step=1")
    opened.wait(lambda: opened.page.query_selector("#detail .dh"))
    type_note(opened, "l", "#wrong ask them for a mirror")
    opened.sees("ask them for a mirror", "#detail")
    opened.page.reload()
    opened.sees("ask them for a mirror", "#detail")
    (note,) = steplog.read(log).notes
    assert (note.run, note.step, note.labels, note.text) == (run.id, 1, ("wrong",), "ask them for a mirror")
    assert note.by


def test_what_the_command_line_notes_shows_while_the_page_is_open(opened, log):
    run = steplog.read(log)[-1]
    assert run_cli("note", run.id, "--label", "from-shell", "-p", str(log)).returncode == 0
    opened.sees("from-shell", ".rr")
    assert run_cli("note", run.id, "--remove", "from-shell", "-p", str(log)).returncode == 0
    opened.wait(lambda: "from-shell" not in opened.text())


def test_a_hostile_note_does_nothing_but_show(opened, log):
    words = "<img src=x onerror=alert(1)> \u202eevil"
    steplog.read(log)[-1].note(words, labels="<b>x</b>", step=1)
    opened.go(f"#/run/{steplog.read(log)[-1].id}?step=1")
    opened.sees("<img src=x onerror=alert(1)>", "#detail")
    opened.sees("<b>x</b>", "#detail")


def test_a_page_that_is_a_file_shows_the_notes_and_keeps_its_own_in_the_browser(tab, log, tmp_path):
    run = steplog.read(log)[-1]
    run.note("from the log", step=1, labels="there")
    target = tmp_path / "run.html"
    assert run_cli("html", run.id, "-p", str(log), "-o", str(target)).returncode == 0
    page = tab()
    page.open(f"{target.as_uri()}#/run/{run.id}?step=1")
    page.sees("from the log", "#detail")
    type_note(page, "L", "one of mine")
    page.page.reload()
    page.sees("one of mine", "#detail")
    assert len(steplog.read(log).notes) == 1
    page.clean()
    other = tmp_path / "none.html"
    assert run_cli("html", run.id, "--content", "none", "-p", str(log), "-o", str(other)).returncode == 0
    (kept,) = embedded(other.read_text(encoding="utf-8"))[0]["state"]["notes"]
    assert kept["labels"] == ["there"]
    assert "text" not in kept


def test_a_damaged_note_is_named_on_the_page(opened, log):
    (log / "notes.jsonl").write_text("damaged\n")
    opened.sees("notes.jsonl, line 1")
