"""A failure that is new, or that was fixed and came back, is named; the same in other words of its own is not."""

import contextlib
import json
import subprocess
import sys

import pytest

import steplog
from steplog._ask.recurring import newest_runs, recurring

REWORDED = [
    "order 1017 of /srv/a/in.csv not found (request req_8f3a1c2b, 3.2 s)",
    "order 9 of /srv/a/in.csv not found (request req_8f3a1c2b, 3.2 s)",
    "order 1017 of /home/ann/other/report.csv not found (request req_8f3a1c2b, 3.2 s)",
    "order 1017 of /srv/a/in.csv not found (request req_00ffee11, 3.2 s)",
    "order 1017 of /srv/a/in.csv not found (request req_8f3a1c2b, 12 s)",
    "order 1,017 of ./x.csv not found (request req_1, 0.1 s)",
    "order 77 of ../up/x.csv not found (request a-1, 4 s)",
    "order 77 of C:\\data\\x.csv not found (request a-1, 4 s)",
    "order 77 of data/2026/may.csv not found (request a-1, 4 s)",
    "order 77 of may.csv not found (request a-1, 4 s)",
    "order 12345678901 of may.csv not found (request a-1, 4 s)",
    "order 3 of ~/x.csv not found (request 3f9a1c2b-0000-4000-8000-1234567890ab, 4 s)",
    "order 3 of file.json not found (request deadbeefcafebabe, 4 s)",
    "order 3 of report_7.xlsx not found (request 0xff, 4 s)",
    "order A-104 of report_7.xlsx not found (request B-7, 4 s)",
    "order ORD-99 of x.txt not found (request run_12345678, 4 s)",
    "order\n 3 of x.txt  not found (request c-1, 4 s)",
    "order 3 of /a/b/c/d/e/f/g not found (request chatcmpl-9aB3xYz, 4 s)",
    "order 3 of x-y.parquet not found (request call_Ab12cd34, 4 s)",
    "order 0 of x.PDF not found (request c-0, 0 s)",
]


def fail(path, *messages, name="support", at=()):
    with steplog.Recorder(path) as recorder:
        for message in messages:
            with contextlib.suppress(ValueError), recorder.run(name) as run:
                with run.llm("m", [{"role": "system", "content": "Be brief."}]):
                    pass
                with run.tool("search", args={}):
                    if message:
                        raise ValueError(message)


def cli(*words):
    program = "from steplog._cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def logs(tmp_path):
    """Ten runs of an older process, of which one fails."""
    fail(tmp_path / "logs", REWORDED[0], *[""] * 9)
    return tmp_path / "logs"


def test_twenty_reworded_messages_raise_no_alarm(logs):
    assert len({*REWORDED}) == 20
    fail(logs, *REWORDED)
    done = cli("errors", "--new", logs)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    assert "no new failures in 20 runs" in done.stderr


def test_twenty_reworded_messages_after_a_fix_are_one_failure_that_came_back(logs):
    steplog.read(logs)[0].note("rounding", labels="fixed", by="ann")
    fail(logs, *REWORDED)
    (found,) = recurring(steplog.read(logs), newest_runs(steplog.read(logs)))
    assert (found.state, found.kind.count, found.before) == ("returned", 20, 1)
    done = cli("errors", "--new", logs)
    assert done.returncode == 1
    assert "came back: seen before, noted as fixed 20" in done.stdout
    assert "by ann; 1 x before, first 20" in done.stdout
    assert "with support v1 (" in done.stdout


def test_a_failure_that_no_other_run_had_is_new_and_named_with_its_version(logs):
    fail(logs, "", REWORDED[3], "quota exceeded")
    done = cli("errors", "--new", "--json", logs)
    assert done.returncode == 1
    (found,) = json.loads(done.stdout)
    assert (found["state"], found["message"], found["count"], found["before"]) == (
        "new",
        "quota exceeded",
        1,
        0,
    )
    assert found["first"] == found["last"] == found["first_ever"]
    assert found["version"].startswith("support v1 (")
    fail(logs, "")
    assert cli("errors", "--new", logs).returncode == 0, "the newest process had no failure at all"
    assert cli("errors", "--new", "--name", "support", logs).returncode == 1, (
        "of all runs every failure is new"
    )


def test_a_fix_that_holds_raises_no_alarm_and_a_note_that_it_is_known_neither(logs):
    fail(logs, "quota exceeded")
    run = steplog.read(logs)[-1]
    run.note(step=2, labels="known")
    assert cli("errors", "--new", logs).returncode == 0
    run.note(step=2, removed="known")
    assert cli("errors", "--new", logs).returncode == 1
    run.note(step=2, labels="fixed")
    assert cli("errors", "--new", logs).returncode == 0, "it has not come back since"
    fail(logs, "quota exceeded")
    assert cli("errors", "--new", logs).returncode == 1


def test_the_note_on_a_pruned_run_still_tells_that_its_failure_came_back(logs):
    log = steplog.read(logs)
    log[0].note(labels="fixed")
    for file in log.segments:
        file.unlink()
    fail(logs, "")
    fail(logs, REWORDED[5])
    (found,) = recurring(steplog.read(logs), newest_runs(steplog.read(logs)))
    assert (found.state, found.before) == ("returned", 0)


def test_errors_say_what_was_noted_of_them(logs):
    steplog.read(logs)[0].note("rounding", labels="fixed", by="ann")
    assert "note:   [fixed]: rounding (ann, " in cli("errors", logs).stdout


def test_only_runs_since_a_version_are_asked_for(logs):
    with steplog.Recorder(logs) as recorder, contextlib.suppress(ValueError), recorder.run("support") as run:
        with run.llm("m", [{"role": "system", "content": "Be kind."}]):
            raise ValueError("too kind")
    told = json.loads(cli("errors", "--since-version", "v2", "--json", logs).stdout)
    assert [kind["message"] for kind in told] == ["too kind"]
    assert len(json.loads(cli("errors", "--since-version", "support/v1", "--json", logs).stdout)) == 2
    assert cli("errors", "--since-version", "v2", "--new", logs).returncode == 1
    assert cli("errors", "--since-version", "v7", logs).returncode == 1
