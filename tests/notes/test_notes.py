"""Notes stay beside the log: nothing is lost by several at once, damage is named, the log itself is never touched."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys

import pytest

import steplog
from steplog import ask
from steplog._ask.noted import label_counts

NOTING = """
import sys, steplog
run = steplog.read(sys.argv[1])[-1]
for number in range(200):
    run.note(f"{sys.argv[2]} {number} " + "x" * 3000, labels=sys.argv[2])
"""


def cli(*words, cwd=None, env=None):
    program = "from steplog._cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=cwd,
        env=None if env is None else os.environ | env,
    )


@pytest.fixture
def logs(tmp_path):
    """Four runs, of which one fails."""
    path = tmp_path / "logs"
    with steplog.Recorder(path) as recorder:
        for number in range(4):
            with contextlib.suppress(ValueError), recorder.run("support") as run, run.tool("search"):
                if number == 2:
                    raise ValueError(f"no order {number}")
    return path


def lines_of(path):
    return [json.loads(line) for line in (path / "notes.jsonl").read_text().splitlines()]


def test_a_note_is_one_private_line_beside_the_log_and_the_log_is_untouched(logs):
    before = {file.name: hashlib.sha256(file.read_bytes()).digest() for file in logs.iterdir()}
    umask = os.umask(0)
    try:
        taken = steplog.read(logs)[-1].note("too slow", step=1, labels=["slow", "slow"], score=0.5, by="ann")
    finally:
        os.umask(umask)
    assert {name: hashlib.sha256((logs / name).read_bytes()).digest() for name in before} == before
    assert (logs / "notes.jsonl").stat().st_mode & 0o777 == 0o600
    (line,) = lines_of(logs)
    assert line == {"v": 1, **taken.as_json()}
    assert (line["step"], line["labels"], line["score"], line["by"]) == (1, ["slow"], 0.5, "ann")
    log = steplog.read(logs)
    assert log.notes == log[-1].notes == (taken,)
    assert [run.labels for run in log] == [(), (), (), ("slow",)]


def test_two_processes_that_note_at_once_lose_nothing(logs):
    several = [
        subprocess.Popen([sys.executable, "-c", NOTING, str(logs), name]) for name in ("one", "two", "three")
    ]
    assert [each.wait(60) for each in several] == [0, 0, 0]
    log = steplog.read(logs)
    assert log.bad_notes == ()
    told = [note.text.split(" x")[0] for note in log.notes]
    assert sorted(told) == sorted(
        f"{name} {number}" for name in ("one", "two", "three") for number in range(200)
    )


def test_secrets_are_masked_by_their_shape_and_by_what_the_environment_holds(logs):
    done = cli("note", "@last", "key sk-proj-" + "a1B2" * 12 + " and hunter2-very-secret", "--by", "x", "-p", logs,
               env={"BILLING_PASSWORD": "hunter2-very-secret"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "hunter2" not in done.stdout
    text = (logs / "notes.jsonl").read_text()
    assert "a1B2" not in text
    assert "hunter2" not in text
    assert "[masked:" in text


def test_a_damaged_line_is_named_and_what_follows_it_counts(logs):
    log = steplog.read(logs)
    log[-1].note("first")
    with (logs / "notes.jsonl").open("ab") as stream:
        stream.write(b'{"v":1,"id":"torn')  # killed in the middle of a line
    log[-1].note("second")
    with (logs / "notes.jsonl").open("ab") as stream:
        stream.write(b'{"v":1,"run":"x"}\n[1]\n\xff\n')
    assert [note.text for note in steplog.read(logs).notes] == ["first", "second"]
    assert [bad.number for bad in steplog.read(logs).bad_notes] == [2, 4, 5, 6]
    for words in (["ls", logs], ["show", "@last", "-p", logs], ["note", logs], ["doctor", logs]):
        done = cli(*words)
        assert done.returncode == 0
        assert "notes.jsonl, line 2: no note: no JSON" in done.stdout + done.stderr, words


def test_a_label_that_was_taken_back_no_longer_stands(logs):
    run = steplog.read(logs)[-1]
    run.note(labels=["slow", "wrong"])
    run.note(removed="slow")
    assert run.labels == ("wrong",)
    assert [row["label"] for row in ask.sql(steplog.read(logs), "SELECT label FROM notes").as_json()] == [
        "wrong"
    ]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "the note says nothing"),
        ({"labels": "a,b"}, "without a comma"),
        ({"labels": "a\nb"}, "is no label"),
        ({"score": float("nan")}, "finite number"),
        ({"text": "x" * 70_000}, "at most 65536 bytes"),
        ({"text": "x", "step": 99}, "has no step 99"),
    ],
)
def test_what_no_note_can_say_is_refused_and_nothing_is_written(logs, given, why):
    with pytest.raises(steplog.LogError, match=why):
        steplog.read(logs)[-1].note(**given)
    assert not (logs / "notes.jsonl").exists()


def test_a_note_knows_the_failure_that_it_is_about(logs):
    log = steplog.read(logs)
    (kind,) = ask.errors(log)
    assert log[2].note(labels="fixed").errors == (kind.fingerprint,)
    assert log[2].note("here", step=1).errors == (kind.fingerprint,)
    assert log[1].note("fine").errors == ()


def test_notes_of_a_log_of_one_file_have_a_file_of_their_own(tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        with steplog.Recorder(tmp_path / name) as recorder, recorder.run(name):
            pass
        steplog.read(tmp_path / name)[-1].note(f"on {name}")
    assert (tmp_path / "a.notes.jsonl").exists()
    assert [note.text for note in steplog.read(tmp_path / "b.jsonl").notes] == ["on b.jsonl"]
    assert len(steplog.read(tmp_path)) == 2
    assert {note.text for note in steplog.read(tmp_path).notes} == {"on a.jsonl", "on b.jsonl"}


def test_the_notes_of_pruned_runs_are_named_and_not_lost(logs):
    log = steplog.read(logs)
    log[0].note("remember me", labels="wrong", by="ann")
    gone = log[0].id
    for file in log.segments:
        file.unlink()
    with steplog.Recorder(logs) as recorder, recorder.run("newer"):
        pass
    log = steplog.read(logs)
    assert [(note.run, note.name, note.text) for note in log.notes] == [(gone, "support", "remember me")]
    for words in (["note", logs], ["stats", "--by", "label", logs], ["ls", "--label", "wrong", logs]):
        told = cli(*words).stderr
        assert f"1 note is about a run that is no longer in the log: {gone[:8]} support (wrong)" in told, (
            words
        )
    assert ask.sql(log, "SELECT run, label, in_log FROM notes").rows == ((gone, "wrong", False),)
    next(file for file in log.segments).unlink()
    assert len(steplog.read(logs)) == 0, "a log of which only the notes are left is a log without runs"
    assert len(steplog.read(logs).notes) == 1


def test_standard_input_has_no_place_for_notes(logs):
    text = b"".join(file.read_bytes() for file in steplog.read(logs).segments)
    program = "from steplog._cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "note", "@last", "x", "-p", "-"],
        input=text,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"has no place for notes" in done.stderr


def test_labels_agree_wherever_they_are_counted(logs):
    for name, number in (("a", 3), ("b", 2)):
        for run in steplog.read(logs).runs[:number]:
            assert cli("note", run.id, "--label", f"{name},both", "-p", logs).returncode == 0
    log = steplog.read(logs)
    expected = {"a": 3, "b": 2, "both": 3}
    found = ask.stats(log, ["label"])
    assert {each.group[0]: each.runs for each in found.groups} == {**expected, None: 1}
    assert (found.total.runs, found.total.calls) == (4, 4)
    rows = ask.sql(log, "SELECT label, count(DISTINCT run) FROM notes GROUP BY label").rows
    assert dict(rows) == expected
    assert dict(label_counts(log.notes)) == expected
    for label, count in expected.items():
        assert len(list(ask.find(log, ask.parse(f"label:{label}")))) == count
    assert [run.id for run in ask.find(log, ask.parse("unlabelled:yes"))] == [log[3].id]
    assert [run.id for run in ask.find(log, ask.parse("label:a label:b"))] == [run.id for run in log.runs[:2]]


def test_notes_are_shown_with_the_run_the_step_and_the_listing(logs):
    run = steplog.read(logs)[-1]
    run.note("asked for \x1b[31mthe wrong order", step=1, labels="wrong", by="ann")
    shown = cli("show", "-p", logs).stdout
    assert "note: step 1 [wrong]: asked for " in shown
    assert "the wrong order (ann, " in shown
    assert "\x1b" not in shown
    assert "[wrong]: asked for" in cli("show", "@last", "1", logs).stdout
    assert "LABELS" in cli("ls", logs).stdout
    data = json.loads(cli("show", "--json", "@last", logs).stdout)
    assert data["labels"] == ["wrong"]
    assert data["notes"] == [run.notes[0].as_json()]


def test_notes_go_where_runs_are_exported_to(logs, tmp_path):
    with steplog.Recorder(logs) as recorder, recorder.run("chat") as run:
        with run.llm("m", [{"role": "user", "content": "hi"}]) as call:
            call.set(message="hello")
    run = steplog.read(logs)[-1]
    run.note("a fine one", labels="good", by="ann")
    (atif,) = map(json.loads, cli("export", "atif", "--label", "good", logs).stdout.splitlines())
    assert [note["text"] for note in atif["extra"]["notes"]] == ["a fine one"]
    (chat,) = map(json.loads, cli("export", "messages", "--label", "good", logs).stdout.splitlines())
    assert (chat["run"], chat["labels"]) == (run.id, ["good"])
    assert '"steplog.labels"' in cli("export", "otlp", "@last", "-o", "-", logs).stdout
    assert "[good]: a fine one (ann, " in cli("export", "md", "@last", logs).stdout
    assert "not told: 1 notes" in cli("export", "chrome", "--label", "good", logs).stderr
    assert "not told: 1 notes" in cli("export", "parquet", tmp_path / "views", logs).stderr
    assert cli("export", "chrome", "--label", "bad", logs).returncode == 1


def test_notes_are_shipped_with_the_log_and_read_from_the_store(logs, tmp_path):
    pytest.importorskip("fsspec", reason="the extra `fleet` is not installed")
    from steplog import fleet

    store = f"file://{tmp_path / 'store'}"
    steplog.read(logs)[0].note("first", labels="wrong")
    list(fleet.ship(logs, store))
    assert [note.text for note in steplog.read(store).notes] == ["first"]
    steplog.read(logs)[1].note("second")
    for _ in range(2):
        list(fleet.ship(logs, store))
        assert [note.text for note in steplog.read(store).notes] == ["first", "second"]
    assert [run.labels for run in steplog.read(store)] == [("wrong",), (), (), ()]
    with pytest.raises(steplog.LogError, match="note where the log is written"):
        steplog.read(store)[0].note("lost")


def test_a_salvaged_log_has_its_notes(logs, tmp_path):
    steplog.read(logs)[-1].note("kept")
    with (logs / "notes.jsonl").open("ab") as stream:
        stream.write(b"damaged\n")
    assert cli("doctor", logs, "--salvage", tmp_path / "out").returncode == 0
    assert [note.text for note in steplog.read(tmp_path / "out").notes] == ["kept"]
    assert steplog.read(tmp_path / "out").bad_notes == ()


def test_a_link_in_the_place_of_the_notes_is_not_followed(logs, tmp_path):
    target = tmp_path / "elsewhere"
    target.write_text("mine\n")
    (logs / "notes.jsonl").symlink_to(target)
    with pytest.raises(steplog.LogError, match="cannot write a note"):
        steplog.read(logs)[-1].note("x")
    assert target.read_text() == "mine\n"
